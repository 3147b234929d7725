import { expect, it } from 'vitest';
import { killAppends, killArchiving, killImports } from './testing/kills.ts';

/** Some here; `npm run bench:store -- --only kills` does it a hundred times over. */
const options = { killCount: 2, random: Math.random };

it('an import that is killed goes on where it was', async () => {
  expect(await killImports(20_000, options)).toEqual({ killCount: 2, problems: [] });
});

it('an append that is killed is stored whole or not at all, and sent again stored once', async () => {
  expect(await killAppends(options)).toEqual({ killCount: 2, problems: [] });
});

it('archiving that is killed leaves each event in one place', async () => {
  expect(await killArchiving(12_000, options)).toEqual({ killCount: 2, problems: [] });
});
