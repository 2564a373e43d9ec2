/**
 * PostGraphile by its Amber preset on grafserv: in production (NODE_ENV), without pages or reloading. The database
 * has no foreign key from artifacts to steps, which a smart tag tells, and no durations, which functions compute.
 */
import { createServer } from 'node:http';
import { postgraphile } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { grafserv } from 'postgraphile/grafserv/node';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { jsonPgSmartTags } from 'postgraphile/utils';
import { listen, poolSettings, setting } from './listen.ts';

/** PostGraphile asks for Node 22; all that it misses in 20 is this. */
Object.assign(Promise, {
  withResolvers() {
    let [resolve, reject] = [() => {}, () => {}];
    const promise = new Promise<void>((done, fail) => ([resolve, reject] = [done, fail]));
    return { promise, resolve, reject };
  },
});

const pgl = postgraphile({
  extends: [PostGraphileAmberPreset],
  plugins: [
    jsonPgSmartTags({
      version: 1,
      config: {
        class: {
          'public.artifact': {
            tags: { foreignKey: '(run_id, step_key) references step_run (run_id, step_key)' },
          },
        },
      },
    }),
  ],
  pgServices: [
    makePgService({
      connectionString: setting('DATABASE_URL'),
      schemas: ['public'],
      poolConfig: poolSettings(),
    }),
  ],
  grafast: { explain: false },
  grafserv: { graphiql: false, watch: false },
});
const server = createServer();
server.on('error', (error) => console.error(error));
await pgl.createServ(grafserv).addTo(server);
listen(server);
