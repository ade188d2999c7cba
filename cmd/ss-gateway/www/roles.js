// roles.js: who may act on whom (ss-event(5)), for pages that take an action as
// it comes: one of a moderator's hides nothing of the streamer's.

const ROLES = ["viewer", "subscriber", "moderator", "streamer", "admin"];

// What an event's role ranks; one without is by the server's own staff, or by
// a viewer, where it is something said.
const rank = (role, none) => (ROLES.includes(role) ? ROLES.indexOf(role) : ROLES.indexOf(none));

// Does this action reach what was said in that event?
export function reaches(action, said) {
  const actor = rank(action.role, "admin");
  return actor === ROLES.length - 1 || actor > rank(said.role, "viewer");
}
