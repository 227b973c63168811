import 'graphiql/setup-workers/vite';

import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import 'graphiql/graphiql.css';
import './styles/fonts.css';
import './styles/theme.css';
import './styles/cairn.css';

import { createRoot } from 'react-dom/client';

import { Ide } from './app';
import { loadSample } from './sample';
import { isFirstVisit, storageFor } from './storage';
import { ANONYMOUS, loadViewer, type Viewer } from './viewer';

/** Find out who is here, then show the page; a server that is away is no reason to show nothing. */
async function open(root: HTMLElement): Promise<void> {
  const [{ viewer, trouble }] = await Promise.all([greet(), codeFont()]);
  const sample = isFirstVisit(storageFor(viewer)) ? await loadSample(viewer) : null;
  createRoot(root).render(<Ide viewer={viewer} sample={sample} trouble={trouble} />);
}

async function greet(): Promise<{ viewer: Viewer; trouble: string | null }> {
  try {
    return { viewer: await loadViewer(), trouble: null };
  } catch {
    const trouble = 'The server did not say who you are. Check that Cairn is running, then reload this page.';
    return { viewer: ANONYMOUS, trouble };
  }
}

/** The code editor measures letters once, when it starts: with the font still on its way the cursor would be off. */
async function codeFont(): Promise<void> {
  await document.fonts.load('15px "Fira Code"').catch(() => undefined);
}

const root = document.getElementById('root');
if (root) void open(root);
