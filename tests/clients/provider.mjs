// An authorization server on oidc-provider: access tokens that are bound to a DPoP key or to the
// client certificate of the connection, over TLS.
//
// node provider.mjs PORT CERTIFICATE KEY AUDIENCE

import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

const [port, certificate, key, audience] = process.argv.slice(2);
const issuer = `https://localhost:${port}`;

async function privateKey(alg) {
  const pair = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(pair.privateKey)), alg, use: 'sig', kid: alg };
}

function machine(id, more) {
  return {
    client_id: id,
    client_secret: `secret of ${id}`,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_post',
    ...more,
  };
}

const provider = new Provider(issuer, {
  jwks: { keys: [await privateKey('ES256'), await privateKey('RS256')] },
  clients: [
    machine('by-key', { dpop_bound_access_tokens: true }),
    machine('by-certificate', { tls_client_certificate_bound_access_tokens: true }),
    machine('plain', {}),
  ],
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  enabledJWA: { dPoPSigningAlgValues: ['ES256', 'Ed25519', 'EdDSA', 'PS256'] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    dPoP: { enabled: true },
    mTLS: {
      enabled: true,
      certificateBoundAccessTokens: true,
      getCertificate(ctx) {
        const peer = ctx.socket.getPeerX509Certificate?.();
        return peer?.toString();
      },
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      getResourceServerInfo: () => ({
        audience,
        scope: 'read write',
        accessTokenTTL: 300,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});

const options = {
  cert: readFileSync(certificate),
  key: readFileSync(key),
  requestCert: true,
  rejectUnauthorized: false,
};
createServer(options, provider.callback()).listen(Number(port), '127.0.0.1', () => {
  console.log('ready');
});
