import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { defineConfig, type Plugin } from 'vite';

const CAIRN = process.env['CAIRN_URL'] ?? 'http://127.0.0.1:8000';
const SERVED_BY_CAIRN = ['/graphql', '/session', '/sign-in', '/sign-out'];

/** Write `name.gz` beside every text file of the build, so that the server never compresses on the fly. */
function compressed(): Plugin {
  const text = /\.(html|js|css|svg)$/;
  return {
    name: 'cairn-compressed',
    apply: 'build',
    async writeBundle({ dir }) {
      if (!dir) return;
      const names = await readdir(dir, { recursive: true });
      for (const name of names.filter((each) => text.test(each))) {
        const path = join(dir, name);
        await writeFile(`${path}.gz`, gzipSync(await readFile(path), { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  base: '/ide/',
  plugins: [compressed()],
  // The old explorer asks for graphql as CommonJS; two copies would reject each other's schema.
  resolve: { dedupe: ['graphql', 'monaco-editor', 'react', 'react-dom'] },
  build: {
    // Fonts and images stay files: the Content-Security-Policy then needs no `data:` for fonts.
    assetsInlineLimit: 0,
    // Monaco is one chunk of about 2.5 MB and is loaded after the first paint; splitting it gains nothing.
    chunkSizeWarningLimit: 4000,
    reportCompressedSize: false,
    // The warning is about "use client", which means something to server renderers only.
    // GraphiQL titles its icons by the names of its functions, so these must outlive minification.
    rolldownOptions: { checks: { moduleLevelDirective: false }, output: { keepNames: true } },
  },
  // For the development server alone: files that import workers cannot be bundled ahead, what the workers need must be.
  optimizeDeps: {
    exclude: ['graphiql/setup-workers/vite', '@graphiql/react/setup-workers/vite'],
    include: ['monaco-graphql > graphql-language-service', 'monaco-graphql > picomatch-browser'],
  },
  server: {
    proxy: Object.fromEntries(SERVED_BY_CAIRN.map((path) => [path, CAIRN])),
  },
});
