"""A client on the package http-message-signatures, which signs its requests (RFC 9421).

sign.py keys FOLDER            makes the keys: private ones for the client, `keys.json` for the service
sign.py call FOLDER URL TOKEN  sends requests, and prints one line of JSON for each
"""

import base64
import json
import sys
from pathlib import Path

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver
from http_message_signatures.algorithms import ECDSA_P256_SHA256, ED25519

ALGORITHMS = {"ES256": ECDSA_P256_SHA256, "EdDSA": ED25519}
COVERED = ["@method", "@target-uri", "authorization", "content-digest"]


def text(number, length=32):
    data = number if isinstance(number, bytes) else number.to_bytes(length, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwk(name, key):
    public = key.public_key()
    if name == "EdDSA":
        raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
        return {"kty": "OKP", "crv": "Ed25519", "x": text(public.public_bytes(*raw))}
    numbers = public.public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": text(numbers.x), "y": text(numbers.y)}


def make_keys(folder):
    keys = []
    made = {"ES256": ec.generate_private_key(ec.SECP256R1()), "EdDSA": ed25519.Ed25519PrivateKey.generate()}
    for name, key in made.items():
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        (folder / f"{name}.pem").write_bytes(pem)
        keys.append({**jwk(name, key), "kid": name, "alg": name, "use": "sig"})
    (folder / "keys.json").write_text(json.dumps({"keys": keys}))


def private_key(folder, name):
    return serialization.load_pem_private_key((folder / f"{name}.pem").read_bytes(), None)


def prepared(url, token, body):
    headers = {"authorization": f"Bearer {token}", "content-type": "text/plain"}
    return requests.Request("POST", f"{url}/signed/orders?page=2", headers=headers, data=body).prepare()


def signed(folder, name, request, body, covered=COVERED, tag="fapi-2-request"):
    resolver = MappingKeyResolver(public_keys={}, private_keys={name: private_key(folder, name)})
    signer = HTTPMessageSigner(signature_algorithm=ALGORITHMS[name], key_resolver=resolver)
    signer.sign(request, key_id=name, tag=tag, covered_component_ids=covered, body=body, label="sig1")
    return request


def step(name, request):
    with requests.Session() as session:
        response = session.send(request)
    answer = {
        "step": name,
        "status": response.status_code,
        "accept": response.headers.get("accept-signature"),
        "signed_by": response.json().get("signed_by") if response.ok else None,
    }
    print(json.dumps(answer))


def call(folder, url, token):
    body = b"two apples"
    for name in ALGORITHMS:
        request = signed(folder, name, prepared(url, token, body), body)
        step(name, request)
        step(f"{name} replayed", request)
    step("unsigned", prepared(url, token, body))
    other = prepared(url, token, body)
    step("other tag", signed(folder, "EdDSA", other, body, tag="other"))
    less = prepared(url, token, body)
    covered = [component for component in COVERED if component != "authorization"]
    step("authorization not covered", signed(folder, "EdDSA", less, body, covered))
    changed = signed(folder, "EdDSA", prepared(url, token, body), body)
    changed.body = b"ten apples"
    step("changed body", changed)
    moved = signed(folder, "EdDSA", prepared(url, token, body), body)
    moved.url = moved.url.replace("page=2", "page=3")
    step("changed query", moved)


if __name__ == "__main__":
    job, place, *rest = sys.argv[1:]
    if job == "keys":
        make_keys(Path(place))
    else:
        call(Path(place), *rest)
