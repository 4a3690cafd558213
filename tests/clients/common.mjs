// What the client programs share: their arguments, and one line of JSON for each step.
//
// node PROGRAM ISSUER SERVICE CERTIFICATE KEY
//
// The certificate of the two servers is trusted by NODE_EXTRA_CA_CERTS; the other one is that of
// the client.

import { readFileSync } from 'node:fs';
import { Agent, fetch as undiciFetch } from 'undici';

const [issuer, service, certificate, key] = process.argv.slice(2);

export { issuer };
export const whoami = `${service}/whoami`;
export const scope = 'read';

export function secretOf(client) {
  return `secret of ${client}`;
}

// A fetch whose connections have the client certificate.
const withCertificate = new Agent({
  connect: {
    ca: readFileSync(process.env.NODE_EXTRA_CA_CERTS),
    cert: readFileSync(certificate),
    key: readFileSync(key),
  },
});

export function fetchWithCertificate(url, options) {
  return undiciFetch(url, { ...options, dispatcher: withCertificate });
}

// Prints what a step was answered.
export async function step(name, response) {
  const body = await response.text();
  console.log(
    JSON.stringify({
      step: name,
      status: response.status,
      challenge: response.headers.get('www-authenticate'),
      nonce: response.headers.has('dpop-nonce'),
      confirmed: response.ok ? JSON.parse(body).confirmed : undefined,
      freshness: response.ok ? JSON.parse(body).freshness : undefined,
    }),
  );
  return response;
}
