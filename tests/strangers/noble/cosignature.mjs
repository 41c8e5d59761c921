// Verifies the ML-DSA-44 cosignature of one key on a signed note with an implementation of FIPS 204 that shares no code with OpenSSL.
// Usage: npm ci, once; node cosignature.mjs VKEY NOTE-FILE
// Prints the cosignature's time in Unix seconds; exits with 1 where it does not hold. c2sp.org/tlog-cosignature, "ML-DSA-44 signed message".
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js';

const need = (condition, what) => {
  if (!condition) {
    console.error(what);
    process.exit(1);
  }
};
const u64 = number => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(number);
  return bytes;
};
const sized = text => Buffer.concat([Buffer.from([Buffer.byteLength(text)]), Buffer.from(text)]);

const [name, id, ...rest] = process.argv[2].split('+');
const key = Buffer.from(rest.join('+'), 'base64');
need(key.length === 1313 && key[0] === 6, 'not a verifier key of type 6');
need(createHash('sha256').update(`${name}\n`).update(key).digest('hex').slice(0, 8) === id, 'the id does not fit the key');

const note = readFileSync(process.argv[3], 'utf8');
const split = note.lastIndexOf('\n\n');
const [origin, size, root] = note.slice(0, split).split('\n');
const line = note.slice(split + 2).split('\n').map(each => each.split(' '))
  .find(([dash, signer, base64]) => dash === '\u2014' && signer === name && Buffer.from(base64, 'base64').toString('hex', 0, 4) === id);
need(line, `${name} did not cosign`);
const signature = Buffer.from(line[2], 'base64').subarray(4);
need(signature.length === 8 + 2420, 'not a cosignature of type 6');
const time = signature.readBigUInt64BE(0);
const message = Buffer.concat([
  Buffer.from('subtree/v1\n\0'), sized(name), u64(time), sized(origin), u64(0n), u64(BigInt(size)), Buffer.from(root, 'base64'),
]);
need(ml_dsa44.verify(signature.subarray(8), message, key.subarray(1)), 'the cosignature does not hold');
console.log(time.toString());
