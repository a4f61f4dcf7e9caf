// Draws DiceBear characters several times each, on nothing: node avatars.mjs OUT SIDE IDENTITIES VARIANTS STYLE...
// What makes the character (hair, head, skin, base, colours) is pinned; eyes, mouth, brows and gesture vary freely, and
// clothes now and then. More than half of the characters are siblings of the one before: two or three options differ.
// Writes OUT/STYLE/FAMILY-SIBLING-VARIANT.png, leaves alone what is there, prints one line for every picture in place.
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAvatar } from '@dicebear/core';
import { Resvg } from '@resvg/resvg-js';

const FREE = /^(eyes|mouth|lips|eyebrows|brows|mood|gesture|cheek|blushes|bodyIcon|eyeShadow)/;
const CLOTHES = /^(body|clothing|clothes|shirt|accessories|glasses|earrings)/;
const SIBLINGS = 0.55;
const OWN_COLOUR = 0.35;

function generator(seed) {
  let state = seed >>> 0;
  return () => { // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const pick = (random, list) => list[Math.floor(random() * list.length)];
const hex = (random) => Math.floor(random() * 0x1000000).toString(16).padStart(6, '0');

function value(random, key, property, properties) {
  const options = property.items.enum ?? property.default ?? [];
  const isColour = key.endsWith('Color');
  if (isColour && (options.length === 0 || (key !== 'skinColor' && random() < OWN_COLOUR))) return { [key]: [hex(random)] };
  if (options.length === 0) return {};
  const chosen = { [key]: [pick(random, options)] };
  const probability = properties[`${key}Probability`];
  if (probability) chosen[`${key}Probability`] = random() * 100 < (probability.default ?? 50) ? 100 : 0;
  return chosen;
}

const [out, side, identities, variants, ...styles] = process.argv.slice(2);
for (const [position, name] of styles.entries()) {
  const style = await import(`@dicebear/${name}`);
  const properties = style.schema.properties ?? {};
  // A face is an expression in one style and the shape of the head in the others.
  const isFree = (key) => FREE.test(key) || (name === 'open-peeps' && key === 'face');
  const lists = Object.keys(properties).filter((key) => properties[key].type === 'array' && key !== 'backgroundColor');
  const pinnable = lists.filter((key) => !isFree(key));
  // A sibling must look different: options that show little, or that have one choice only, do not make one.
  const choices = (key) => (properties[key].items.enum ?? properties[key].default ?? []).length;
  const telling = pinnable.filter(
    (key) => key === 'hairColor' || (choices(key) > 1 && /^(hair|frontHair|rearHair|head|top|skin|base|face)(Color)?$/.test(key)),
  );
  mkdirSync(join(out, name), { recursive: true });
  let family = -1;
  let sibling = 0;
  let pinned = {};
  for (let index = 0; index < Number(identities); index += 1) {
    const random = generator((position + 1) * 1000003 + index);
    if (index === 0 || random() > SIBLINGS) {
      family += 1;
      sibling = 0;
      pinned = Object.assign({}, ...pinnable.map((key) => value(random, key, properties[key], properties)));
    } else {
      sibling += 1;
      pinned = { ...pinned };
      for (let count = 2 + Math.floor(random() * 2); count > 0; count -= 1) {
        const key = pick(random, telling.length ? telling : pinnable);
        Object.assign(pinned, value(random, key, properties[key], properties));
      }
    }
    for (let variant = 0; variant < Number(variants); variant += 1) {
      const stem = `${String(family).padStart(3, '0')}-${sibling}-${variant}`;
      const file = join(out, name, `${stem}.png`);
      if (!existsSync(file)) {
        const chance = generator(index * 9176 + variant * 31 + position);
        const shown = Object.fromEntries(
          Object.entries(pinned).filter(([key]) => !CLOTHES.test(key) || chance() > 0.25),
        );
        const seed = `${name}-${index}-${variant}`;
        const options = { ...shown, seed, backgroundColor: ['transparent'], flip: chance() < 0.3 };
        const svg = createAvatar(style, options).toString();
        const fitTo = { mode: 'width', value: Number(side) };
        writeFileSync(`${file}.partial`, new Resvg(svg, { fitTo, font: { loadSystemFonts: false } }).render().asPng());
        renameSync(`${file}.partial`, file); // An interrupted run leaves no half picture behind.
      }
      console.log(`${name}/${stem}`);
    }
  }
}
