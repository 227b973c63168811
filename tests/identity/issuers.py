"""An issuer on this machine: it speaks OpenID Connect, publishes its keys and signs whatever it is told to."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

AUDIENCE = "cairn"


class OidcServer:
    """The issuer. `asked` counts how often its keys were fetched; while it is `down` every answer is a 503."""

    def __init__(self) -> None:
        self.asked = 0
        self.down = False
        self.keys: dict[str, Any] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> OidcServer:
        """Starts answering, with one key."""
        self.new_key("first")
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stops and waits."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def new_key(self, name: str, *, kind: str = "EC") -> None:
        """One more key, by which tokens are signed from now on."""
        if kind == "EC":
            self.keys[name] = ec.generate_private_key(ec.SECP256R1())
        else:
            self.keys[name] = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def token(
        self,
        *,
        key: str | None = None,
        algorithm: str = "ES256",
        signer: Any = None,
        headers: dict[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """A token; claims that are None are left out. `headers` are more of them."""
        now = int(time.time())
        whole = {"iss": self.url, "aud": AUDIENCE, "sub": "maya", "iat": now, "exp": now + 300, **claims}
        name = key or list(self.keys)[-1]
        said = {each: value for each, value in whole.items() if value is not None}
        # PyJWT writes no such claims; those who forge tokens do.
        head = {"alg": algorithm, "kid": name, **(headers or {})}
        parts = [jwt.utils.base64url_encode(json.dumps(each).encode()).decode() for each in (head, said)]
        signature = jwt.get_algorithm_by_name(algorithm).sign(".".join(parts).encode(), signer or self.keys[name])
        return ".".join([*parts, jwt.utils.base64url_encode(signature).decode()])

    def _jwks(self) -> dict[str, Any]:
        found = []
        for name, key in self.keys.items():
            writer: Any = ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else RSAAlgorithm
            found.append({**writer.to_jwk(key.public_key(), as_dict=True), "kid": name, "use": "sig"})
        return {"keys": [{"kty": "NEW", "kid": "from the future"}, *found]}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                pages = {
                    "/.well-known/openid-configuration": lambda: {
                        "issuer": issuer.url,
                        "jwks_uri": f"{issuer.url}/keys",
                    },
                    "/keys": issuer._jwks,
                }
                issuer.asked += self.path == "/keys"
                body = json.dumps(pages[self.path]()).encode()
                self.send_response(503 if issuer.down else 200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler
