// A broadcast loop by uWebSockets' own publish and subscribe: the peer
// "uWebSockets".
// node uws.js PORT
const uws = require('@trufflesuite/uws-js-unofficial');

const app = uws.App();
app.ws('/ws/*', {
  maxPayloadLength: 16384,
  maxBackpressure: 1 << 20,
  open: (ws) => ws.subscribe('main'),
  message: (ws, message, isBinary) => app.publish('main', message, isBinary),
});
app.listen('127.0.0.1', Number(process.argv[2]), (ok) => {
  if (!ok) process.exit(1);
});
