// catalogue.js: what can be given. The server knows a gift by its number alone.

export const CATALOGUE = [
  { id: 1, thing: "🌹", label: "Rose", amount: 1 },
  { id: 2, thing: "☕", label: "Coffee", amount: 5 },
  { id: 3, thing: "🎈", label: "Balloon", amount: 10 },
  { id: 4, thing: "🍕", label: "Pizza", amount: 20 },
  { id: 5, thing: "🎉", label: "Confetti", amount: 50 },
  { id: 6, thing: "🚀", label: "Rocket", amount: 100 },
  { id: 7, thing: "💎", label: "Diamond", amount: 500 },
  { id: 8, thing: "👑", label: "Crown", amount: 1000 },
];
const known = new Map(CATALOGUE.map((g) => [g.id, g]));

export const giftOf = (id) => known.get(id) ||
  { id, thing: "🎁", label: `gift ${id}` };
