import { send } from './api';
import { SAMPLE_DRAFT, SAMPLE_LIVE, type Sample, type SampleData } from './starters';
import type { Viewer } from './viewer';

// The starters are worth having without real ids too, so a slow server holds nobody up.
const PATIENCE_MS = 3000;

/** Find a course and a lesson that the viewer may read, or null when there is none or the server does not answer. */
export async function loadSample(viewer: Viewer): Promise<Sample | null> {
  const query = viewer.scopes.includes('content:edit') ? SAMPLE_DRAFT : SAMPLE_LIVE;
  try {
    const { answer } = await send<SampleData>({ query }, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return answer.data ? pick(answer.data) : null;
  } catch {
    return null;
  }
}

/** The first module with two lessons makes the best example; any module with a lesson will do. */
function pick({ courses }: SampleData): Sample | null {
  const candidates = courses.nodes.flatMap((course) => course.modules.map((module) => ({ course, module })));
  const found =
    candidates.find(({ module }) => module.lessons.length > 1) ??
    candidates.find(({ module }) => module.lessons.length > 0);
  if (!found) return null;
  const [lesson, next] = found.module.lessons;
  return lesson ? { course: found.course, module: found.module, lesson, next: next ?? null } : null;
}
