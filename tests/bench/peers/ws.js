// A broadcast loop as node's ws documents it: the peer "node ws".
// node ws.js PORT
const { WebSocketServer, WebSocket } = require('ws');

const server = new WebSocketServer({
  host: '127.0.0.1', port: Number(process.argv[2]), perMessageDeflate: false,
});
server.on('connection', (from) => {
  from.on('error', () => {});
  from.on('message', (data, isBinary) => {
    for (const to of server.clients)
      if (to.readyState === WebSocket.OPEN) to.send(data, { binary: isBinary });
  });
});
