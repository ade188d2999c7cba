"""The broadcast loop that SafeStream's predecessor had: FastAPI, one list of
connections, one await per viewer.

python3 chat.py PORT
"""

import sys

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()
viewers = set()


@app.websocket("/ws/{username}")
async def chat(socket: WebSocket, username: str):
    await socket.accept()
    viewers.add(socket)
    try:
        while True:
            text = await socket.receive_text()
            for viewer in list(viewers):
                try:
                    await viewer.send_text(text)
                except (RuntimeError, WebSocketDisconnect):
                    viewers.discard(viewer)
    except WebSocketDisconnect:
        pass
    finally:
        viewers.discard(socket)


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]),
                log_level="warning", ws_ping_interval=None)
