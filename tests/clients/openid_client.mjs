// A client on the package `openid-client`, which makes proofs and repeats a request for a nonce by
// itself.

import * as client from 'openid-client';
import { fetchWithCertificate, issuer, scope, secretOf, step, whoami } from './common.mjs';

async function configuration(id, options) {
  return client.discovery(
    new URL(issuer),
    id,
    { client_secret: secretOf(id) },
    client.ClientSecretPost(secretOf(id)),
    options,
  );
}

const byKey = await configuration('by-key');
const DPoP = client.getDPoPHandle(byKey, await client.randomDPoPKeyPair('ES256'));
const bound = await client.clientCredentialsGrant(byKey, { scope }, { DPoP });
for (const name of ['key', 'key again']) {
  await step(
    name,
    await client.fetchProtectedResource(
      byKey,
      bound.access_token,
      new URL(whoami),
      'GET',
      undefined,
      undefined,
      { DPoP },
    ),
  );
}

const byCertificate = await configuration('by-certificate', {
  [client.customFetch]: fetchWithCertificate,
});
const certified = await client.clientCredentialsGrant(byCertificate, { scope });
await step(
  'certificate',
  await client.fetchProtectedResource(
    byCertificate,
    certified.access_token,
    new URL(whoami),
    'GET',
  ),
);
