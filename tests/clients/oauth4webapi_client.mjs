// A client on the package `oauth4webapi`: DPoP with nonces, and tokens bound to a certificate.

import * as oauth from 'oauth4webapi';
import { fetchWithCertificate, issuer, scope, secretOf, step, whoami } from './common.mjs';

const url = new URL(issuer);
const server = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url));

async function grant(id, options) {
  const client = { client_id: id };
  const response = await oauth.clientCredentialsGrantRequest(
    server,
    client,
    oauth.ClientSecretPost(secretOf(id)),
    new URLSearchParams({ scope }),
    options,
  );
  return oauth.processClientCredentialsResponse(server, client, response);
}

// A refusal is an error that has the response.
async function call(token, options) {
  const request = () =>
    oauth.protectedResourceRequest(token, 'GET', new URL(whoami), undefined, undefined, options);
  try {
    return await request();
  } catch (error) {
    if (oauth.isDPoPNonceError(error)) {
      return request();
    }
    if (error instanceof oauth.WWWAuthenticateChallengeError) {
      return new Response(null, {
        status: error.status,
        headers: { 'www-authenticate': error.response.headers.get('www-authenticate') },
      });
    }
    throw error;
  }
}

for (const algorithm of ['ES256', 'Ed25519', 'PS256']) {
  const keys = await oauth.generateKeyPair(algorithm);
  const DPoP = oauth.DPoP({ client_id: 'by-key' }, keys);
  const { access_token: bound } = await grant('by-key', { DPoP });
  await step(`${algorithm}`, await call(bound, { DPoP }));
  await step(`${algorithm} again`, await call(bound, { DPoP }));
}

const certified = { [oauth.customFetch]: fetchWithCertificate };
const { access_token: bound } = await grant('by-certificate', certified);
await step('certificate', await call(bound, certified));
await step('no certificate', await call(bound, {}));

const { access_token: plain } = await grant('plain', {});
await step('unbound', await call(plain, {}));
