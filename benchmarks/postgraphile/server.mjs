// PostGraphile as a production server would run it: no watch, no GraphiQL, no explain, plans and documents cached,
// prepared statements, one process. It connects as the role of anonymous readers, so that row-level security judges
// every row and a request costs no setting of its own; a signed-in request sets its role and its viewer, as Cairn does.
import { createServer } from "node:http";

import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const { DATABASE_URL, TOKEN, VIEWER_ID } = process.env;

// Kinder to this peer than a real token: one comparison, where Cairn asks the database whose token it is.
const signedIn = { role: "cairn_api", "cairn.viewer_id": VIEWER_ID, "cairn.scopes": "" };
const settingsOf = (request) => (request?.headers.authorization === `Bearer ${TOKEN}` ? signedIn : null);

const preset = {
  extends: [PostGraphileAmberPreset],
  // Lists are ordered by their position, which the index keeps behind the parent's id.
  disablePlugins: ["PgIndexBehaviorsPlugin"],
  pgServices: [
    makePgService({
      connectionString: DATABASE_URL,
      schemas: ["public"],
      poolConfig: { max: 8, options: "-c role=cairn_public" },
    }),
  ],
  schema: { defaultBehavior: "+list +connection" },
  grafast: {
    explain: false,
    context: (context) => ({ pgSettings: settingsOf(context.node?.req) }),
  },
  grafserv: { watch: false, graphiql: false, websockets: false, outputDataAsString: true, maxRequestLength: 100_000 },
};

const instance = postgraphile(preset);
const server = createServer();
await instance.createServ(grafserv).addTo(server);
server.listen(0, "127.0.0.1", () => console.log(`running on http://127.0.0.1:${server.address().port}`));
