// list.js: the list of messages. It never holds more than ROWS of them, is
// touched once a frame however many come, and follows the newest as long as
// one hasn't scrolled up; then what comes waits, and a button says how many.

import { createFollow } from "./follow.js";

const ROWS = 250;

// draw(item) makes an item's element; items have an id, and get a node.
export function createList({ box, button, draw, onshow }) {
  const rows = []; // in the document, oldest first
  let queue = []; // not yet in it
  const byId = new Map();
  let asked = false, missed = 0;
  const follow = createFollow(box, ask);

  function ask() {
    if (asked) return;
    asked = true;
    requestAnimationFrame(frame);
  }

  function forget(item) {
    if (byId.get(item.id) === item) byId.delete(item.id);
  }

  function frame() {
    asked = false;
    if (!follow.on) return tell();
    if (queue.length) {
      const some = document.createDocumentFragment();
      for (const item of queue) {
        item.node = draw(item);
        some.append(item.node);
        rows.push(item);
      }
      onshow?.(queue);
      queue = [];
      box.append(some);
      for (const item of rows.splice(0, Math.max(0, rows.length - ROWS))) {
        item.node.remove();
        forget(item);
      }
    }
    missed = 0;
    tell();
    follow.toEnd();
  }

  function tell() {
    const n = missed;
    button.hidden = follow.on || n === 0;
    if (!button.hidden)
      button.textContent = n === 1 ? "1 new message" : `${n.toLocaleString()} new messages`;
  }

  function add(item) {
    byId.set(item.id, item);
    queue.push(item);
    missed++;
    if (queue.length > ROWS) forget(queue.shift());
    ask();
  }

  // Draws it again where it stands.
  function redraw(item) {
    if (!item.node) return;
    const node = draw(item);
    item.node.replaceWith(node);
    item.node = node;
    if (follow.on) ask();
  }

  function remove(item, slowly) {
    forget(item);
    const q = queue.indexOf(item), r = rows.indexOf(item);
    if (q >= 0) {
      queue.splice(q, 1);
      missed = Math.max(0, missed - 1);
      ask();
    }
    if (r < 0) return;
    rows.splice(r, 1);
    if (!slowly) return item.node.remove();
    item.node.classList.add("gone");
    setTimeout(() => item.node.remove(), 250);
  }

  function jump() {
    follow.toEnd();
    ask();
  }

  button.addEventListener("click", () => { jump(); box.focus(); });

  return {
    add, redraw, remove, jump,
    get: (id) => byId.get(id),
    all: () => [...rows, ...queue],
  };
}
