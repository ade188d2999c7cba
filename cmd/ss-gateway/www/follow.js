// follow.js: a box that stays at its end until one scrolls up. That the end has
// moved is no reason to stop: a row grew, the window shrank, or the event is of
// scrolling to where the end had been.

const NEAR = 60; // pixels from the end that count as the end

// onchange() is called when it has stopped, and when one is back at the end.
export function createFollow(box, onchange) {
  let on = true;
  let top = 0; // where it was scrolled to when it was last looked at

  function toEnd() {
    on = true;
    box.scrollTop = box.scrollHeight;
    top = box.scrollTop;
  }

  box.addEventListener("scroll", () => {
    const before = on;
    if (box.scrollHeight - box.scrollTop - box.clientHeight < NEAR) on = true;
    else if (box.scrollTop < top) on = false;
    top = box.scrollTop;
    if (on !== before) onchange();
  }, { passive: true });
  new ResizeObserver(() => { if (on) toEnd(); }).observe(box);

  return { toEnd, get on() { return on; } };
}
