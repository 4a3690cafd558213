"""An OAuth server on Authlib: opaque tokens by client credentials, introspection, revocation.

Prints "ready PORT" when it listens on loopback. A token of the scope "stale" was issued so long
ago that it is over; the parameter "resource" becomes its audience.
"""

import os
import time

# Loopback has no TLS.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin, grants
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from flask import Flask, request
from werkzeug.serving import make_server

LIFETIME = 3600


class Client(ClientMixin):
    def __init__(self, client_id, client_secret):
        self.client_id = client_id
        self.client_secret = client_secret

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return None

    def get_allowed_scope(self, scope):
        return scope

    def check_redirect_uri(self, redirect_uri):
        return False

    def check_client_secret(self, client_secret):
        return self.client_secret == client_secret

    def check_endpoint_auth_method(self, method, endpoint):
        return method in ("client_secret_basic", "client_secret_post")

    def check_response_type(self, response_type):
        return False

    def check_grant_type(self, grant_type):
        return grant_type == "client_credentials"


class Token(TokenMixin):
    def __init__(self, client, text, scope, audience):
        self.client = client
        self.text = text
        self.scope = scope
        self.audience = audience
        self.issued_at = int(time.time())
        self.revoked = False
        if "stale" in scope.split():
            self.issued_at -= 2 * LIFETIME

    def check_client(self, client):
        return self.client.client_id == client.client_id

    def get_scope(self):
        return self.scope

    def get_expires_in(self):
        return LIFETIME

    def expires_at(self):
        return self.issued_at + LIFETIME

    def is_expired(self):
        return self.expires_at() <= time.time()

    def is_revoked(self):
        return self.revoked


CLIENTS = {
    client.client_id: client
    for client in (Client("robot", "robot's-secret"), Client("orders:api", "p:w%+&secret"))
}
TOKENS = {}


def save(token, oauth_request):
    made = Token(
        oauth_request.client,
        token["access_token"],
        token.get("scope") or "",
        oauth_request.form.get("resource"),
    )
    TOKENS[made.text] = made


class ClientCredentials(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]


class Introspection(IntrospectionEndpoint):
    CLIENT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]

    def check_permission(self, token, client, oauth_request):
        return client.client_id == "orders:api"

    def query_token(self, token_string, token_type_hint):
        return TOKENS.get(token_string)

    def introspect_token(self, token):
        return {
            "active": True,
            "client_id": token.client.client_id,
            "token_type": "Bearer",
            "sub": token.client.client_id,
            "aud": token.audience,
            "scope": token.scope,
            "iss": "https://authlib.example.com",
            "iat": token.issued_at,
            "exp": token.expires_at(),
        }


class Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]

    def query_token(self, token_string, token_type_hint):
        return TOKENS.get(token_string)

    def revoke_token(self, token, oauth_request):
        token.revoked = True


app = Flask(__name__)
server = AuthorizationServer(app, query_client=CLIENTS.get, save_token=save)
server.register_grant(ClientCredentials)
server.register_endpoint(Introspection)
server.register_endpoint(Revocation)
calls = {"introspect": 0}


@app.post("/token")
def token():
    return server.create_token_response()


@app.post("/introspect")
def introspect():
    calls["introspect"] += 1
    return server.create_endpoint_response(Introspection.ENDPOINT_NAME)


@app.post("/revoke")
def revoke():
    return server.create_endpoint_response(Revocation.ENDPOINT_NAME)


@app.get("/calls")
def count():
    return calls


if __name__ == "__main__":
    listener = make_server("127.0.0.1", 0, app, threaded=True)
    print("ready", listener.port, flush=True)
    listener.serve_forever()
