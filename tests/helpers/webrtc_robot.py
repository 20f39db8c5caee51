"""A GO2's WebRTC end in a process of its own: the older firmware's plain /offer, its validation, its data channel.

python -m tests.helpers.webrtc_robot ADDRESS: answers on port 8081 there; says one line of JSON for each request.
"""

import asyncio
import base64
import hashlib
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

from aiortc import RTCPeerConnection, RTCSessionDescription

PORT, KEY = 8081, "8f3c"
MOTORS = [{"temperature": 41 + n % 3, "q": 0.0} for n in range(20)]


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Robot:
    """One peer connection; its state goes to whoever subscribed."""

    def __init__(self):
        self.loop, self.subscribed, self.is_valid = asyncio.new_event_loop(), set(), False
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def answer(self, offer):
        """The SDP answer to an offer."""
        return asyncio.run_coroutine_threadsafe(self._answer(offer), self.loop).result(20)

    async def _answer(self, offer):
        self.peer = RTCPeerConnection()
        self.peer.on("datachannel", self._on_channel)
        await self.peer.setRemoteDescription(RTCSessionDescription(offer["sdp"], offer["type"]))
        await self.peer.setLocalDescription(await self.peer.createAnswer())
        return {"sdp": self.peer.localDescription.sdp, "type": self.peer.localDescription.type}

    def _on_channel(self, channel):
        self.channel = channel
        channel.on("message", self._on_message)
        self._send("validation", "", KEY)
        self.loop.create_task(self._publish())

    def _on_message(self, text):
        message = json.loads(text)
        if message["type"] == "validation":
            wanted = base64.b64encode(hashlib.md5(f"UnitreeGo2_{KEY}".encode()).digest()).decode()
            self.is_valid = message["data"] == wanted
            self._send("validation", "", "Validation Ok." if self.is_valid else KEY)
        elif message["type"] == "subscribe":
            self.subscribed.add(message["topic"])
        elif message["type"] == "req" and self.is_valid:
            identity, parameter = message["data"]["header"]["identity"], json.loads(message["data"]["parameter"])
            call = {"topic": message["topic"], "api": identity["api_id"], "id": identity["id"], "parameter": parameter}
            say(json.dumps({**call, "at": time.monotonic()}))

    async def _publish(self):
        number = 0
        while True:
            number += 1
            stamp = {"sec": 1000 + number // 20, "nanosec": number % 20 * 50_000_000}
            state = {"stamp": stamp, "error_code": 1013, "mode": 1, "position": [1.0, 2.0, 0.3]}
            self._tell("rt/lf/sportmodestate", {**state, "imu_state": {"rpy": [0.0, 0.0, 0.5]}})
            self._tell("rt/lf/lowstate", {"bms_state": {"soc": 77}, "motor_state": MOTORS})
            await asyncio.sleep(0.05)

    def _tell(self, topic, data):
        if topic in self.subscribed and self.channel.readyState == "open":
            self._send("msg", topic, data)

    def _send(self, kind, topic, data):
        self.channel.send(json.dumps({"type": kind, "topic": topic, "data": data}))


class Offers(BaseHTTPRequestHandler):
    """Signalling."""

    def do_POST(self):  # noqa: N802 - the library's name
        offer = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps(self.server.robot.answer(offer)).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nothing."""


if __name__ == "__main__":
    server = HTTPServer((sys.argv[1], PORT), Offers)
    server.robot = Robot()
    say("ready")
    server.serve_forever()
