// Runs the official GraphQL-over-HTTP audit against a server and prints every result as JSON.
// Usage: node audit.mjs PACKAGE_JSON URL, where PACKAGE_JSON belongs to the folder that has graphql-http installed.
import { createRequire } from 'node:module';

const [packageJson, url] = process.argv.slice(2);
const { auditServer } = createRequire(packageJson)('graphql-http');
const results = await auditServer({ url });
console.log(JSON.stringify(results.map(({ id, name, status, reason }) => ({ id, name, status, reason }))));
