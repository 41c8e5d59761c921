// Verifies a HealthLedger receipt with nothing but Node's own library: docs/formats/receipt.md, entry.md, fact.md; c2sp.org/tlog-proof, signed-note,
// tlog-checkpoint, tlog-cosignature; RFC 6962 section 2.1. It shares no code with HealthLedger.
//
//   node receipt.mjs RECEIPT LOG-VKEY [COSIGNER-VKEY ...] [--opening FILE] [--mutate]
//   node receipt.mjs PROMISED LOG-VKEY [COSIGNER-VKEY ...] [--kept RECEIPT] [--mutate]
//
// The second verifies what a client holds of a read in an emergency until the ledger has recorded it (docs/formats/emergency-journal.md), and that the receipt that came later keeps it.
// Every key named must have signed. --opening verifies an opening of the fact against the receipt's entry. --mutate also flips bits of every byte of proof,
// entry, fact and opening, and wants each of these refused. Exit codes: 0 it holds, 1 it does not, 2 usage.
import { createHash, createHmac, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const FIELDS = ['event', 'time', 'client', 'user', 'organization', 'purpose', 'interaction', 'patient', 'targets', 'decision', 'reason', 'consent',
  'obligations', 'request', 'evidence', 'binding'];

class Refused extends Error {}
const need = (holds, says) => { if (!holds) throw new Refused(says); };
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const leafHash = entry => sha256(Buffer.from([0]), entry);
const nodeHash = (left, right) => sha256(Buffer.from([1]), left, right);
const text = bytes => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Refused('not UTF-8');
  }
};

/** Base64 in its one spelling: Node itself skips what it does not understand. */
function base64(spelled, length, what) {
  const bytes = Buffer.from(spelled, 'base64');
  need(bytes.toString('base64') === spelled && (length === undefined || bytes.length === length), `${what} is not base64 of ${length ?? 'any number of'} bytes`);
  return bytes;
}

/** name+hash+base64(type || key); both sides may hold a plus only in the last part. */
function parseKey(vkey) {
  const [name, id, ...rest] = vkey.trim().split('+');
  const key = base64(rest.join('+'), 33, 'the verifier key');
  const computed = sha256(`${name}\n`, key).subarray(0, 4);
  need(name && computed.toString('hex') === id, 'the verifier key is damaged');
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key.subarray(1)]);
  return { name, id: computed, type: key[0], key: createPublicKey({ key: spki, format: 'der', type: 'spki' }) };
}

function parseProof(bytes) {
  const proof = text(bytes);
  const split = proof.indexOf('\n\n');
  need(split > 0, 'the proof has no checkpoint');
  const lines = proof.slice(0, split).split('\n');
  need(lines.shift() === 'c2sp.org/tlog-proof@v1', 'not a tlog-proof');
  if (lines[0]?.startsWith('extra ')) lines.shift();
  const index = /^index (0|[1-9]\d{0,15})$/.exec(lines.shift() ?? '');
  need(index, 'the proof has no index');
  return { index: BigInt(index[1]), siblings: lines.map(line => base64(line, 32, 'a hash of the proof')), note: proof.slice(split + 2) };
}

/** The text of a note that each of these keys signed, once. */
function openNote(note, keys) {
  const split = note.lastIndexOf('\n\n');
  need(split > 0 && note.endsWith('\n'), 'the checkpoint is no signed note');
  const signedText = note.slice(0, split + 1);
  const signatures = note.slice(split + 2, -1).split('\n').map(line => {
    const parts = /^\u2014 ([^ +]+) ([^ ]+)$/.exec(line);
    need(parts, 'a signature line cannot be read');
    const bytes = base64(parts[2], undefined, 'a signature');
    need(bytes.length > 4, 'a signature is too short');
    return { name: parts[1], id: bytes.subarray(0, 4), bytes: bytes.subarray(4) };
  });
  for (const key of keys) {
    const mine = signatures.filter(signature => signature.name === key.name && signature.id.equals(key.id));
    need(mine.length > 0, `${key.name} did not sign`);
    for (const { bytes } of mine) need(signs(key, signedText, bytes), `the signature of ${key.name} is bad`);
  }
  return signedText;
}

function signs(key, signedText, bytes) {
  if (key.type === 1) return bytes.length === 64 && verify(null, Buffer.from(signedText), key.key, bytes);
  need(key.type === 4, `signature type ${key.type} is not known here`);
  if (bytes.length !== 72) return false;
  const message = `cosignature/v1\ntime ${bytes.readBigUInt64BE(0)}\n${signedText}`;
  return verify(null, Buffer.from(message), key.key, bytes.subarray(8));
}

function parseCheckpoint(signedText) {
  const lines = signedText.split('\n');
  need(lines.length === 4 && lines[3] === '' && /^(0|[1-9]\d{0,15})$/.test(lines[1]), 'the checkpoint is not three lines');
  return { origin: lines[0], size: BigInt(lines[1]), root: base64(lines[2], 32, 'the root') };
}

/** RFC 6962 section 2.1.1, from the leaf up: `at` and `last` are the indices of the node and of the last node on its level. */
function rootFrom(leaf, index, size, siblings) {
  need(index < size, 'the index is beyond the checkpoint');
  let [hash, at, last] = [leaf, index, size - 1n];
  for (const sibling of siblings) {
    need(last > 0n, 'the proof has too many hashes');
    if (at % 2n === 1n || at === last) {
      hash = nodeHash(sibling, hash);
      while (at % 2n === 0n && at !== 0n) [at, last] = [at >> 1n, last >> 1n];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [at, last] = [at >> 1n, last >> 1n];
  }
  need(last === 0n, 'the proof has too few hashes');
  return hash;
}

function parseEntry(entry) {
  need(entry.length === 256 && entry[0] === 1 && entry[1] >= 1 && entry[1] <= 5, 'not an entry of suite 1');
  return { commitment: entry.subarray(16, 48), operation: entry[80], handle: entry.subarray(88, 120) };
}

function parseFact(stored) {
  need(stored[0] === 1 && stored.length % 1024 === 0, 'not a fact of suite 1');
  const r = stored.subarray(1, 33);
  const values = [];
  let at = 33;
  for (const name of FIELDS) {
    need(at + 4 <= stored.length, `the fact ends before ${name}`);
    const length = stored.readUInt32BE(at);
    at += 4;
    if (length === 0xffffffff) {
      values.push(null);
    } else {
      need(at + length <= stored.length, `the fact ends inside ${name}`);
      values.push(stored.subarray(at, at + length));
      at += length;
    }
  }
  need(stored.length - at < 1024 && stored.subarray(at).every(byte => byte === 0), 'the fact is not padded with the fewest zeros');
  return { r, values };
}

const fieldLeaf = (salt, value) => leafHash(Buffer.concat([salt, Buffer.from([value === null ? 0 : 1]), value ?? Buffer.alloc(0)]));

/** The root over sixteen leaves. */
function commitmentOf(leaves) {
  for (let row = leaves; ; row = row.filter((_, i) => i % 2 === 0).map((left, i) => nodeHash(left, row[2 * i + 1]))) {
    if (row.length === 1) return row[0];
  }
}

const factCommitment = fact =>
  commitmentOf(FIELDS.map((name, i) => fieldLeaf(createHmac('sha256', fact.r).update(`healthledger/fact/v1/${name}`).digest(), fact.values[i])));

function openingCommitment(opening) {
  need(opening.suite === 1 && Array.isArray(opening.fields) && opening.fields.length === 16, 'not an opening of suite 1');
  return commitmentOf(opening.fields.map((field, i) => {
    need(field.name === FIELDS[i], `field ${i} of the opening is not ${FIELDS[i]}`);
    return 'leaf' in field
      ? base64(field.leaf, 32, `the leaf of ${field.name}`)
      : fieldLeaf(base64(field.salt, 32, `the salt of ${field.name}`), field.value === null ? null : Buffer.from(field.value));
  }));
}

/** Verifies a receipt; throws where it does not hold. `proof`, `entry` and `fact` are bytes, `fact` null where it is not shown. */
export function verifyReceipt({ origin, index, entry, proof, fact }, keys, opening) {
  const parsed = parseEntry(entry);
  const { index: proven, siblings, note } = parseProof(proof);
  const checkpoint = parseCheckpoint(openNote(note, keys));
  need(checkpoint.origin === keys[0].name && checkpoint.origin === origin, 'the checkpoint is of another log');
  need(proven === BigInt(index), 'the proof is of another entry');
  need(rootFrom(leafHash(entry), proven, checkpoint.size, siblings).equals(checkpoint.root), 'the entry is not in the signed tree');
  if (fact !== null) {
    const opened = parseFact(fact);
    need(factCommitment(opened).equals(parsed.commitment), 'the fact is not the one that the entry commits to');
    const binding = parsed.operation === 0 ? '' : Buffer.concat([Buffer.from([parsed.operation]), parsed.handle]).toString('hex');
    need((opened.values[15] ?? Buffer.alloc(0)).toString() === binding, 'the fact names another operation or handle than the entry');
  }
  if (opening !== undefined) need(openingCommitment(opening).equals(parsed.commitment), 'the opening is not of the fact that the entry commits to');
  return { size: checkpoint.size, factShown: fact !== null };
}

function readReceipt(path) {
  const json = JSON.parse(text(readFileSync(path)));
  const known = ['entry', 'fact', 'final', 'id', 'index', 'origin', 'proof'];
  need(Object.keys(json).every(name => known.includes(name)), 'the receipt has a member that is not known here');
  need(Number.isSafeInteger(json.index) && typeof json.proof === 'string', 'not a receipt');
  return {
    origin: json.origin, index: json.index, proof: Buffer.from(json.proof),
    entry: base64(json.entry, 256, 'the entry'), fact: json.fact === undefined ? null : base64(json.fact, undefined, 'the fact'),
  };
}

const isPromised = path => 'promise' in JSON.parse(text(readFileSync(path)));

function readPromised(path) {
  const json = JSON.parse(text(readFileSync(path)));
  need(Object.keys(json).every(name => ['fact', 'id', 'origin', 'promise'].includes(name)) && typeof json.promise === 'string', 'not a promised receipt');
  return { origin: json.origin, promise: Buffer.from(json.promise), fact: json.fact === undefined ? null : base64(json.fact, undefined, 'the fact') };
}

/** Verifies a promise of entries; throws where it does not hold. Cosigners have no part in it. */
export function verifyPromise({ origin, promise, fact }, log) {
  const lines = openNote(text(promise), [log]).split('\n');
  const decimal = /^(0|[1-9]\d{0,15})$/;
  need(lines.length >= 9 && lines.length <= 24 && lines[0] === 'healthledger/promise/v1' && lines.at(-1) === '', 'the note is no promise');
  need(lines[1] === log.name && lines[1] === origin, 'the promise is of another log');
  need([lines[2], lines[4], lines[6]].every(line => decimal.test(line)) && lines[2] !== '0', 'a number of the promise cannot be read');
  [lines[3], lines[5]].forEach(line => base64(line, 32, 'a hash of the promise'));
  const commitments = lines.slice(7, -1).map(line => base64(line, 32, 'a commitment'));
  if (fact !== null) need(commitments.some(commitment => commitment.equals(factCommitment(parseFact(fact)))), 'the fact is none that was promised');
  return { number: lines[2], size: BigInt(lines[4]), commitments, factShown: fact !== null };
}

/** That the receipt, which was verified, is of an entry that was promised. */
function verifyKept({ size, commitments }, receipt) {
  const entry = parseEntry(receipt.entry);
  need(receipt.entry[1] === 1 && commitments.some(commitment => commitment.equals(entry.commitment)), 'the receipt is of no entry that was promised');
  need(BigInt(receipt.index) >= size, 'the entry is from before the promise');
}

function promisedMain(path, keys, keptFile, mutates) {
  const promised = readPromised(path);
  const promise = verifyPromise(promised, keys[0]);
  console.log(`promise ${promise.number}: ${promise.commitments.length} entries that ${keys[0].name} owes, at or behind index ${promise.size}`);
  console.log(promise.factShown ? 'fact: it is one whose entry was promised' : 'fact: not shown');
  if (keptFile === undefined) {
    console.log('promised, not yet included');
  } else {
    const receipt = readReceipt(keptFile);
    const { size } = verifyReceipt(receipt, keys);
    verifyKept(promise, receipt);
    console.log(`kept: entry ${receipt.index} is in the log of ${size} entries`);
  }
  if (mutates) console.log(`changed: ${mutate(promised, keys, undefined, ['promise'], changed => verifyPromise(changed, keys[0]))} changes, all refused`);
  return 0;
}

/** Flips bits of every byte and wants each refused; signatures of keys that were not named count for nothing, so their lines are left alone. */
function mutate(receipt, keys, opening, parts = ['proof', 'entry'], check = changed => verifyReceipt(changed, keys)) {
  let tried = 0;
  const refused = attempt => {
    tried++;
    try {
      attempt();
    } catch (error) {
      if (error instanceof Refused || error instanceof SyntaxError) return;
      throw error;
    }
    throw new Refused(`change ${tried} was not noticed`);
  };
  for (const part of [...parts, ...(receipt.fact ? ['fact'] : [])]) {
    const bytes = receipt[part];
    for (let at = 0; at < bytes.length; at++) {
      if (part === 'proof' && ofOthers(bytes, at, keys)) continue;
      for (const bit of [0x01, 0x20, 0x80]) {
        const changed = Buffer.from(bytes);
        changed[at] ^= bit;
        refused(() => check({ ...receipt, [part]: changed }));
      }
    }
  }
  for (let field = 0; opening && field < 16; field++) {
    for (const member of ['leaf', 'salt', 'value']) {
      if (!(member in opening.fields[field])) continue;
      const changed = structuredClone(opening);
      changed.fields[field][member] = member === 'value' ? `${changed.fields[field].value ?? ''}x` : sha256(String(field)).toString('base64');
      refused(() => verifyReceipt(receipt, keys, changed));
    }
  }
  return tried;
}

function ofOthers(proof, at, keys) {
  const start = proof.lastIndexOf('\n', at - 1) + 1;
  const line = proof.subarray(start, proof.indexOf('\n', start)).toString();
  return line.startsWith('\u2014 ') && !keys.some(key => line.startsWith(`\u2014 ${key.name} `));
}

function main(args) {
  const at = args.indexOf('--opening');
  const openingFile = at < 0 ? undefined : args.splice(at, 2)[1];
  const keptAt = args.indexOf('--kept');
  const keptFile = keptAt < 0 ? undefined : args.splice(keptAt, 2)[1];
  const [path, ...vkeys] = args.filter(argument => argument !== '--mutate');
  if (!path || vkeys.length === 0) {
    console.error('usage: node receipt.mjs RECEIPT LOG-VKEY [COSIGNER-VKEY ...] [--opening FILE] [--kept RECEIPT] [--mutate]');
    return 2;
  }
  try {
    const keys = vkeys.map(parseKey);
    need(keys[0].type === 1, 'the first key must be the log\'s');
    if (isPromised(path)) return promisedMain(path, keys, keptFile, args.includes('--mutate'));
    const receipt = readReceipt(path);
    const opening = openingFile === undefined ? undefined : JSON.parse(text(readFileSync(openingFile)));
    const { size, factShown } = verifyReceipt(receipt, keys, opening);
    console.log(`entry ${receipt.index} is in the log of ${size} entries that ${keys.map(key => key.name).join(' and ')} signed`);
    console.log(factShown ? 'fact: it is the one that the entry commits to' : 'fact: not shown');
    if (opening) console.log(`opening: ${opening.fields.filter(field => 'salt' in field).length} fields are of the fact that the entry commits to`);
    if (args.includes('--mutate')) console.log(`changed: ${mutate(receipt, keys, opening)} changes, all refused`);
    return 0;
  } catch (error) {
    if (!(error instanceof Refused || error instanceof SyntaxError)) throw error;
    console.log(`FAILED: ${error.message}`);
    return 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) process.exitCode = main(process.argv.slice(2));
