// compose.js: the field where one types: Enter sends, code points are counted
// as the server counts them, emoji go in where the cursor is.

export const MOST = 500; // code points of a message

const EMOJI = [..."😀😂🥰😍😎🤔😴😢😡👍👎👏🙌🙏💪🔥✨🎉🎁❤️💜💙💚💛🌹☕🍕🎮🎵🏆🚀👑"
  .matchAll(/\p{Extended_Pictographic}\uFE0F?/gu)].map((m) => m[0]);

const points = (s) => [...s].length;

// onsend(text) is called with what is to be sent; allowed() says whether
// anything may be at the moment.
export function createComposer({ form, field, count, send, button, panel, onsend, allowed }) {
  // a message is one line: a line break that was pasted becomes a space
  const text = () => field.value.replace(/\s*[\r\n]+\s*/g, " ").trim();

  function refresh() {
    const n = points(text());
    count.textContent = MOST - n;
    count.className = n > MOST ? "count over" : n > MOST - 50 ? "count near" : "count";
    field.setAttribute("aria-invalid", n > MOST);
    send.disabled = n === 0 || n > MOST || !allowed();
    field.parentElement.dataset.text = field.value; // as high as that is
  }

  function open(yes) {
    panel.hidden = !yes;
    button.setAttribute("aria-expanded", yes);
    if (yes) panel.firstElementChild.focus();
  }

  for (const e of EMOJI) {
    const b = document.createElement("button");
    b.type = "button";
    b.textContent = e;
    b.addEventListener("click", () => {
      field.setRangeText(e, field.selectionStart, field.selectionEnd, "end");
      refresh();
    });
    panel.append(b);
  }

  form.addEventListener("submit", (e) => {
    e.preventDefault();
    refresh();
    if (send.disabled) return;
    onsend(text());
    field.value = "";
    open(false);
    refresh();
    field.focus();
  });
  field.addEventListener("input", refresh);
  field.addEventListener("keydown", (e) => {
    // an input method takes Enter for itself
    if (e.key !== "Enter" || e.shiftKey || e.isComposing) return;
    e.preventDefault();
    form.requestSubmit();
  });
  button.addEventListener("click", () => open(panel.hidden));
  form.addEventListener("keydown", (e) => {
    if (e.key !== "Escape" || panel.hidden) return;
    open(false);
    field.focus();
  });
  document.addEventListener("pointerdown", (e) => {
    if (!panel.hidden && !form.contains(e.target)) open(false);
  });
  refresh();
  return { refresh };
}
