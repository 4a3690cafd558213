// A client on the package `dpop`: it makes each proof itself.

import { generateKeyPair, generateProof } from 'dpop';
import { issuer, scope, secretOf, step, whoami } from './common.mjs';

const own = await generateKeyPair('ES256', { extractable: false });
const thief = await generateKeyPair('Ed25519', { extractable: false });

async function token() {
  const url = `${issuer}/token`;
  const proof = await generateProof(own, url, 'POST');
  const response = await fetch(url, {
    method: 'POST',
    headers: { dpop: proof },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: 'by-key',
      client_secret: secretOf('by-key'),
      scope,
    }),
  });
  return (await response.json()).access_token;
}

const bound = await token();

function call(proof, scheme = 'DPoP') {
  const headers = { authorization: `${scheme} ${bound}` };
  return fetch(whoami, { headers: proof === undefined ? headers : { ...headers, dpop: proof } });
}

const first = await generateProof(own, whoami, 'GET', undefined, bound);
const answer = await step('first call', await call(first));
const nonce = answer.headers.get('dpop-nonce') ?? undefined;

const good = await generateProof(own, whoami, 'GET', nonce, bound);
await step('call', await call(good));
await step('replay', await call(good));
await step('no proof', await call(undefined));
await step('downgrade', await call(await generateProof(own, whoami, 'GET', nonce, bound), 'Bearer'));
await step('stolen token', await call(await generateProof(thief, whoami, 'GET', nonce, bound)));
await step('other url', await call(await generateProof(own, `${whoami}/x`, 'GET', nonce, bound)));
await step('other method', await call(await generateProof(own, whoami, 'POST', nonce, bound)));
await step('other token', await call(await generateProof(own, whoami, 'GET', nonce, `${bound}x`)));
