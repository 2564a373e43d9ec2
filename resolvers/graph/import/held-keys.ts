/**
 * Which keys were met, and where: in 20 bytes a slot of a table with open addressing, of which at most two of three are
 * taken. A key is held as 96 bits, three hashes of it: that two of five million share them has a chance of about 1 in 10^15,
 * and whoever has keys made for it is refused a row.
 */
import { Limited } from '../../errors.ts';

export interface HeldKeys {
  /** Holds it, unless it is held already: then answers where it was met first. Limited past the bounds of keys and kinds. */
  add(kind: string, key: string, place: number): number | null;
  /** The kinds that this key was met with. */
  kindsOf(key: string): readonly string[];
  readonly count: () => number;
}

/** Numbers of a slot: three of the key, the kind from 1 (0 where the slot is free), the place. */
const PARTS = 5;
const SLOTS_FIRST = 1_024;
const KINDS_MAX = 10_000;

/** Holds nothing yet. `place`: a whole number below 2^32 that means something to the caller. */
export function openHeldKeys(keys_max: number): HeldKeys {
  let slots = SLOTS_FIRST;
  let table = new Uint32Array(slots * PARTS);
  let count = 0;
  const kinds: string[] = [];
  const numbers = new Map<string, number>();

  /** The place of the key's next entry, or of a free slot, from this one on. */
  function placeOf([a, b, c]: Digest, from: number): number {
    for (let slot = from % slots; ; slot = (slot + 1) % slots) {
      const at = slot * PARTS;
      const isKeys = table[at] === a && table[at + 1] === b && table[at + 2] === c;
      if (isKeys || table[at + 3] === 0) return at;
    }
  }

  function put(digest: Digest, kind: number, place: number): number | null {
    for (let at = placeOf(digest, digest[0]); ; at = placeOf(digest, at / PARTS + 1)) {
      if (table[at + 3] === kind) return table[at + 4]!;
      if (table[at + 3] === 0) {
        table.set([...digest, kind, place], at);
        return null;
      }
    }
  }

  function grow(): void {
    const full = table;
    slots *= 2;
    table = new Uint32Array(slots * PARTS);
    for (let at = 0; at < full.length; at += PARTS) {
      if (full[at + 3] !== 0)
        put([full[at]!, full[at + 1]!, full[at + 2]!], full[at + 3]!, full[at + 4]!);
    }
  }

  function numberOf(kind: string): number {
    const known = numbers.get(kind);
    if (known !== undefined) return known;
    if (kinds.length >= KINDS_MAX)
      throw new Limited('kinds of one call', KINDS_MAX, kinds.length + 1);
    numbers.set(kind, kinds.push(kind));
    return kinds.length;
  }

  return {
    add(kind, key, place) {
      if (3 * count >= 2 * slots) grow();
      const before = put(digestOf(key), numberOf(kind), place);
      if (before !== null) return before;
      count += 1;
      if (count > keys_max) throw new Limited('rows of one call', keys_max, count);
      return null;
    },
    kindsOf(key) {
      const digest = digestOf(key);
      const found: string[] = [];
      for (
        let at = placeOf(digest, digest[0]);
        table[at + 3] !== 0;
        at = placeOf(digest, at / PARTS + 1)
      ) {
        found.push(kinds[table[at + 3]! - 1]!);
      }
      return found;
    },
    count: () => count,
  };
}

type Digest = readonly [number, number, number];

/** MurmurHash3_x86_32 (Appleby, 2011) from three seeds, over pairs of UTF-16 units. */
function digestOf(key: string): Digest {
  let [a, b, c] = [0x2f_0b_44_47, 0x13_19_8a_2e, 0x7a_32_5f_19];
  for (let at = 0; at < key.length; at += 2) {
    const second = at + 1 < key.length ? key.charCodeAt(at + 1) : 0;
    let part = Math.imul(key.charCodeAt(at) | (second << 16), 0xcc_9e_2d_51);
    part = Math.imul((part << 15) | (part >>> 17), 0x1b_87_35_93);
    a = step(a, part);
    b = step(b, Math.imul(part, 0x9e_37_79_b1));
    c = step(c, Math.imul(part ^ (part >>> 15), 0x85_eb_ca_77));
  }
  return [settled(a ^ key.length), settled(b ^ key.length), settled(c ^ key.length)];
}

function step(hash: number, part: number): number {
  const mixed = hash ^ part;
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6_54_6b_64) | 0;
}

function settled(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85_eb_ca_6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2_b2_ae_35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
