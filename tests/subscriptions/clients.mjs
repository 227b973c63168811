// Follows a subscription with somebody else's client: node clients.mjs PACKAGE_JSON WAY ADDRESS TOKEN DOCUMENT VARIABLES NUMBER
// Prints each answer as a line of JSON, ends after so many of them, and tells of an error in its own words.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [packageJson, way, address, token, query, variables, number] = process.argv.slice(2);
const require = createRequire(packageJson);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const authorization = token ? { authorization: `Bearer ${token}` } : {};

async function client() {
  if (way === 'websocket') {
    const { createClient } = await load('graphql-ws');
    const url = `${address.replace('http', 'ws')}/graphql`;
    return createClient({ url, connectionParams: authorization, retryAttempts: 0, keepAlive: 200 });
  }
  const { createClient } = await load('graphql-sse');
  const url = `${address}/graphql/stream`;
  return createClient({ url, headers: authorization, singleConnection: way === 'shared', retryAttempts: 0 });
}

const made = await client();
let left = Number(number);
const stop = made.subscribe(
  { query, variables: JSON.parse(variables) },
  {
    next: (answer) => {
      console.log(JSON.stringify(answer));
      left -= 1;
      if (left === 0) stop();
    },
    error: (error) => {
      const seen = error instanceof Error ? { message: error.message } : Array.isArray(error) ? { errors: error } : { code: error.code, reason: error.reason };
      console.log(JSON.stringify({ failed: seen }));
      process.exit(0);
    },
    complete: () => {
      console.log(JSON.stringify({ complete: true }));
      made.dispose();
      process.exit(0);
    },
  },
);
