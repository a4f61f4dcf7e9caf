// Draws DiceBear avatars as PNG files on plain backgrounds: node dicebear.mjs OUT COUNT STYLE...
// Writes OUT/STYLE/000.png and so on, leaves alone what is already there, and prints one line for every picture in place.
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAvatar } from '@dicebear/core';
import { Resvg } from '@resvg/resvg-js';

const SIDE = 384;
// Light, middle and strong colours in turn; none so dark that the black outlines of a style would vanish.
const BACKGROUNDS = [
  'ffffff', 'b6e3f4', 'ffd166', '7fb069', 'f4f1de', 'e07a5f', 'c0aede', '4ea8de', 'ffdfbf', '9a8c98', 'd1d4f9', '2a9d8f',
  'fefae0', 'ff6b6b', 'cbd5e1', 'f4a261', 'd8f3dc', '8187dc', 'ffc8dd', '7b8fa1', 'e9c46a', '90e0ef', 'c9ada7', 'f72585',
];

const [out, count, ...styles] = process.argv.slice(2);
for (const [position, name] of styles.entries()) {
  const style = await import(`@dicebear/${name}`);
  mkdirSync(join(out, name), { recursive: true });
  const drawn = new Set();
  for (let seed = 0; drawn.size < Number(count); seed += 1) {
    // A small style draws the same character for two seeds now and then: the same background shows it.
    const character = createAvatar(style, { seed: `${name}-${seed}`, backgroundColor: ['ffffff'] }).toString();
    if (drawn.has(character)) continue;
    const index = drawn.size;
    drawn.add(character);
    const file = join(out, name, `${String(index).padStart(3, '0')}.png`);
    if (!existsSync(file)) {
      // 7 and 24 have no common factor: every background is used before one comes again.
      const backgroundColor = [BACKGROUNDS[(index * 7 + position * 5) % BACKGROUNDS.length]];
      const avatar = createAvatar(style, { seed: `${name}-${seed}`, backgroundColor, backgroundType: ['solid'] });
      const fitTo = { mode: 'width', value: SIDE };
      const picture = new Resvg(avatar.toString(), { fitTo, font: { loadSystemFonts: false } }).render().asPng();
      writeFileSync(`${file}.partial`, picture);
      renameSync(`${file}.partial`, file); // An interrupted run leaves no half picture behind.
    }
    console.log(`${name}/${index}`);
  }
}
