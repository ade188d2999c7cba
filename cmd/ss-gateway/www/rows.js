// rows.js: how an item of the list looks. Whatever somebody wrote goes into
// the document as text (textContent), never as markup.
//
// An item: { id, kind: "chat", event, mine, fate, why, until }, { kind: "gift",
// from, gift, times, worth } or { kind: "info", text }.

const ROLES = { subscriber: "Sub", moderator: "Mod", streamer: "Host", admin: "Admin" };
const FATES = {
  sending: "sending …",
  late: "still on its way …",
  sent: "✓ sent",
  held: "waits for a moderator; only you see it",
  blocked: "not shown to others",
  denied: "not approved by a moderator",
};
// the same for staff, who see it of others
const OTHERS = { held: "held", blocked: "blocked", denied: "not approved" };

const make = (name, cls, text) => {
  const e = document.createElement(name);
  e.className = cls;
  if (text !== undefined) e.textContent = text;
  return e;
};

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

// A name has always the same colour.
function hue(name) {
  let h = 7;
  for (const c of name) h = (h * 31 + c.codePointAt(0)) % 9973;
  return (h * 137) % 360;
}

function who(name) {
  const e = make("span", "who", name);
  e.style.setProperty("--hue", hue(name));
  return e;
}

function veil(item, text) {
  const b = make("button", "link veil", "May be hurtful. Show it");
  b.type = "button";
  b.addEventListener("click", () => { item.shown = true; b.replaceWith(text); });
  return b;
}

function fate(item, onretry) {
  const words = item.mine ? FATES : OTHERS;
  const text = item.fate === "refused" ? item.why
    : item.fate === "blocked" && item.why ? `${words.blocked}: ${item.why}`
      : words[item.fate];
  const f = make("span", "fate", text);
  if (item.fate !== "refused") return f;
  const b = make("button", "link", "try again");
  b.type = "button";
  b.addEventListener("click", () => onretry(item));
  f.append(" ", b);
  return f;
}

const ONLY_EMOJI = /^(\p{Extended_Pictographic}|\p{Emoji_Component}|\s){1,9}$/u;
const DIGIT = /[0-9#*]/;

function chat(item, onretry) {
  const ev = item.event, row = make("p", item.mine ? "row chat me" : "row chat");
  const text = make("bdi", "text", ev.message);
  text.dir = "auto";
  if (Date.parse(ev.ts)) {
    const t = make("time", "", clock.format(new Date(ev.ts)));
    t.dateTime = ev.ts;
    row.append(t);
  }
  if (ROLES[ev.role]) row.append(make("span", "badge", ROLES[ev.role]));
  row.append(who(ev.user));
  if (ONLY_EMOJI.test(ev.message) && !DIGIT.test(ev.message)) row.classList.add("only");
  row.append(ev.toxic && !item.mine && !item.shown ? veil(item, text) : text);
  if (item.fate) {
    row.dataset.fate = item.fate;
    row.append(fate(item, onretry));
  }
  return row;
}

function gift(item) {
  const row = make("p", "row gift");
  const thing = make("span", "thing", item.gift.thing);
  thing.setAttribute("aria-hidden", "true");
  row.append(thing, who(item.from), ` gave ${item.gift.label} `);
  if (item.times > 1) row.append(make("span", "times", `×${item.times.toLocaleString()}`));
  row.title = `worth ${item.worth.toLocaleString()}`;
  return row;
}

export function createRows({ onretry }) {
  return function draw(item) {
    const row = item.kind === "chat" ? chat(item, onretry)
      : item.kind === "gift" ? gift(item)
        : make("p", "row info", item.text);
    row.dataset.id = item.id;
    return row;
  };
}
