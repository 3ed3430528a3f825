// The npm side of scripts/interop-wecom.sh: opens our messages, then seals the same ones itself.
// Reads what we sealed from standard input and prints what it sealed, one JSON object a line.

import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const require = createRequire(path.join(process.argv[2], 'node_modules', 'peer.cjs'));
const { decrypt, encrypt, getSignature } = require('@wecom/crypto');

for (const line of readFileSync(0, 'utf8').trim().split('\n')) {
  const ours = JSON.parse(line);
  const signature = getSignature(ours.token, ours.timestamp, ours.nonce, ours.encrypt);
  if (signature !== ours.msg_signature) throw new Error(`other signature: ${line}`);
  const { message, id } = decrypt(ours.aes_key, ours.encrypt);
  if (message !== ours.message || id !== ours.receive_id) throw new Error(`other message: ${line}`);

  const sealed = encrypt(ours.aes_key, ours.message, ours.receive_id);
  const msg_signature = getSignature(ours.token, ours.timestamp, ours.nonce, sealed);
  console.log(JSON.stringify({ ...ours, encrypt: sealed, msg_signature }));
}
