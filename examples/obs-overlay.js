// obs-overlay.js: see obs-overlay.html. The client and the gifts' names come
// from the gateway; toxic messages are not shown, deleted ones vanish, and all
// others go after a while.
(async () => {
  const CHAT = 30000, LINES = 12, GIFTS = 4; // ms; how many at most
  const q = new URLSearchParams(location.search);
  const served = location.protocol.startsWith("http");
  const server = q.get("server") || (served ? location.origin : "http://127.0.0.1:8000");
  const { connect } = await import(`${server}/safestream.js`);
  const { createStreaks, STREAK } = await import(`${server}/gifts.js`);
  const { reaches } = await import(`${server}/roles.js`);
  const { giftOf } = await import(`${server}/catalogue.js`);
  const show = q.get("show") || "chat,gifts";
  const streaks = createStreaks();
  const lines = new Map(); // key -> { node, timer }

  function element(cls, text) {
    const e = document.createElement("span");
    e.className = cls;
    if (text !== undefined) e.textContent = text; // never markup
    return e;
  }

  function who(name) {
    const e = element("who", name);
    let hue = 7;
    for (const c of name) hue = (hue * 31 + c.codePointAt(0)) % 9973;
    e.style.setProperty("--hue", (hue * 137) % 360);
    return e;
  }

  function drop(key) {
    const line = lines.get(key);
    if (!line) return;
    lines.delete(key);
    clearTimeout(line.timer);
    line.node.classList.add("going");
    setTimeout(() => line.node.remove(), 600);
  }

  // Shows a line, or lets the one of that key stay for longer.
  function put(box, key, most, ms, parts) {
    let line = lines.get(key);
    if (!line) {
      line = { node: document.createElement("div") };
      line.node.className = box === "gifts" ? "line gift" : "line";
      document.getElementById(box).append(line.node);
      lines.set(key, line);
    }
    line.node.replaceChildren(...parts);
    clearTimeout(line.timer);
    line.timer = setTimeout(drop, ms, key);
    const all = [...lines].filter(([, l]) => l.node.parentNode.id === box);
    all.slice(0, Math.max(0, all.length - most)).forEach(([k]) => drop(k));
  }

  const on = {
    chat(ev) {
      if (ev.toxic || ev.blocked || ev.held || !show.includes("chat")) return;
      const text = element("text", ev.message);
      text.dir = "auto";
      put("chat", ev.id, LINES, CHAT, [who(ev.user), text]);
      lines.get(ev.id).said = ev;
    },
    gift(ev) {
      if (!show.includes("gifts")) return;
      const gift = giftOf(ev.gift_id), s = streaks(ev, Date.parse(ev.ts));
      const parts = [element("thing", gift.thing), who(ev.from), gift.label];
      if (s.times > 1) parts.push(element("times bump", `×${s.times}`));
      put("gifts", s.key, GIFTS, STREAK + 3000, parts);
    },
    delete(ev) {
      if (reaches(ev, lines.get(ev.target)?.said || {})) drop(ev.target);
    },
    purge(ev) {
      for (const [key, line] of lines)
        if (line.said?.user === ev.user && reaches(ev, line.said)) drop(key);
    },
  };

  connect({ server, name: q.get("name") || "overlay", room: q.get("room") || undefined,
    history: 0, // not what was said before the stream began
    onevent: (ev) => { if (Object.hasOwn(on, ev.type)) on[ev.type](ev); } });
})();
