// Draws avatars of one style as SVG: node avatars.mjs STYLE COUNT, one JSON string a line.
import { register } from 'node:module';
import { createAvatar } from '@dicebear/core';

// One of the packages leaves the endings of its own modules away.
const resolver = `export async function resolve(name, context, next) {
  const forms = name.startsWith('.') ? [name, name + '.js', name + '/index.js'] : [name];
  for (const form of forms) {
    try { return await next(form, context); } catch (error) { if (form === forms.at(-1)) throw error; }
  }
}`;
register(`data:text/javascript,${encodeURIComponent(resolver)}`);

const [name, count] = process.argv.slice(2);
const drawn = new Set();
const draw = name === 'animals'
  ? await import('animal-avatar-generator').then(({ default: avatar }) => (seed) => avatar(seed, { size: 320, round: false }))
  : await import(`@dicebear/${name}`).then((style) => (seed) => createAvatar(style, { seed, size: 320 }).toString());
for (let seed = 0; drawn.size < Number(count) && seed < Number(count) * 4; seed += 1) {
  const markup = draw(`accuracy-${name}-${seed}`);
  if (drawn.has(markup)) continue;
  drawn.add(markup);
  console.log(JSON.stringify(markup));
}
