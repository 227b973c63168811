/** Every operation that the IDE brings along: the starters that editors see, and the one that fills them in. */

import type { Viewer } from './viewer';

/** One course of the server with a lesson to try things on. */
export interface Sample {
  course: { id: string; slug: string };
  module: { id: string };
  lesson: { id: string; title: string; revision: number };
  /** The lesson that follows in the same module. */
  next: { id: string } | null;
}

export interface Starter {
  id: string;
  title: string;
  purpose: string;
  /** The permission it needs, or null when everybody may run it. */
  scope: string | null;
  query: string;
  /** Variables as JSON with comments, filled from a sample or with placeholders that say what to put in. */
  variables(sample: Sample | null): string;
}

export const STARTERS: readonly Starter[] = [
  {
    id: 'courses',
    title: 'List courses',
    purpose: 'Shows the courses that your readers see, with their ids and slugs.',
    scope: null,
    query: `# The courses that your readers see now.
# Press Play, or Ctrl-Enter, to run this.
query Courses {
  courses(first: 20) {
    totalCount
    nodes {
      id
      slug
      title
      kind
      difficultyLevel
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,
    variables: () => '',
  },
  {
    id: 'course-draft',
    title: 'Read a course in draft',
    purpose: 'Shows one course as editors see it: modules, lessons, blocks, and changes not published yet.',
    scope: 'content:edit',
    query: `# One course with all its parts, as editors see it.
# Take the line “@perspective…” away to see what readers see.
query CourseTree($slug: String!)
@perspective(stage: DRAFT) {
  course(slug: $slug) {
    id
    title
    revision
    publishState
    modules {
      id
      title
      position
      lessons {
        id
        title
        position
        revision
        blocks {
          __typename
          id
          format
          position
          title
          markdown
        }
      }
    }
  }
}
`,
    variables: courseSlug,
  },
  {
    id: 'lesson-edit',
    title: 'Edit a lesson',
    purpose: 'Changes the title of a lesson. Readers see it when the course is published.',
    scope: 'content:edit',
    query: `# Gives a lesson a new title. Readers see it once you publish.
# Write the new title into the variables below, then press Play.
# expectedRevision is the version you have read: if somebody was faster, nothing is overwritten and you see both texts.
# To change the lesson once more, put in the revision from the answer.
mutation EditLesson($input: LessonUpdateInput!) {
  lessonUpdate(input: $input) {
    lesson {
      id
      title
      revision
    }
    errors {
      __typename
      message
      code
      path
      ... on RevisionConflict {
        expectedRevision
        actualRevision
        fields {
          field
          yours
          current
        }
      }
    }
  }
}
`,
    variables: (sample) =>
      withComments([
        ['id', sample?.lesson.id ?? 'ID OF THE LESSON', 'from “Read a course in draft”'],
        ['expectedRevision', sample?.lesson.revision ?? 1, 'the revision that you have read'],
        ['title', sample?.lesson.title ?? 'The new title', 'change me'],
      ]),
  },
  {
    id: 'lesson-move',
    title: 'Move a lesson',
    purpose: 'Puts a lesson behind another one, in the same module or in a different one.',
    scope: 'content:edit',
    query: `# Moves a lesson. Readers see it once you publish.
# moduleId: the module that the lesson shall be in.
# afterId: the lesson that it shall follow; null puts it first.
mutation MoveLesson($input: LessonMoveInput!) {
  lessonMove(input: $input) {
    lesson {
      id
      position
      module {
        id
        title
      }
    }
    errors {
      message
      code
      path
    }
  }
}
`,
    variables: (sample) =>
      withComments([
        ['id', sample?.lesson.id ?? 'ID OF THE LESSON', 'the lesson to move'],
        ['moduleId', sample?.module.id ?? 'ID OF THE MODULE', 'where it shall be'],
        ['afterId', sample?.next?.id ?? null, 'the lesson it shall follow, or null'],
      ]),
  },
  {
    id: 'course-publish',
    title: 'Publish a course',
    purpose: 'Makes the whole draft of a course live. Your readers see it at once.',
    scope: 'content:publish',
    query: `# Makes the whole draft of a course live. Your readers see it at once.
# The version that was live before stays in the history and can be restored.
mutation PublishCourse($input: CoursePublishInput!) {
  coursePublish(input: $input) {
    course {
      id
      publishState
      publishedRevision {
        number
        createdAt
        message
      }
    }
    errors {
      message
      code
      path
    }
  }
}
`,
    variables: (sample) =>
      withComments([
        ['id', sample?.course.id ?? 'ID OF THE COURSE', 'from “List courses”'],
        ['message', 'What changed, for the history', 'change me'],
      ]),
  },
  {
    id: 'course-follow',
    title: 'Follow a course',
    purpose: 'Shows each change of one course as it happens, whoever makes it. Press Stop when you have seen enough.',
    scope: 'content:edit',
    query: `# Each change of one course, as it happens. Press Play, change something in another tab of the browser, and watch.
# To go on where you stopped, add: after: "the last cursor".
subscription FollowCourse($id: ID!)
@perspective(stage: DRAFT) {
  contentChanged(about: [$id]) {
    cursor
    fact {
      type
      createdAt
      payload
    }
    subject {
      __typename
      id
      ... on Lesson {
        title
      }
    }
  }
}
`,
    variables: (sample) =>
      withComments([['id', sample?.course.id ?? 'ID OF THE COURSE', 'from “List courses”']], (line) => line),
  },
  {
    id: 'course-live',
    title: 'Read a course as readers do',
    purpose: 'Shows the published version of one course, to compare it with the draft.',
    scope: null,
    query: `# One course as your readers see it now.
query LiveCourse($slug: String!) {
  course(slug: $slug) {
    id
    title
    modules {
      id
      title
      lessons {
        id
        title
        blocks {
          __typename
          id
          title
          markdown
        }
      }
    }
  }
}
`,
    variables: courseSlug,
  },
];

/** Finds a course with a lesson, for the variables of the starters. */
export const SAMPLE_DRAFT = sampleQuery('@perspective(stage: DRAFT)');
export const SAMPLE_LIVE = sampleQuery('');

export interface SampleData {
  courses: {
    nodes: readonly {
      id: string;
      slug: string;
      modules: readonly { id: string; lessons: readonly { id: string; title: string; revision: number }[] }[];
    }[];
  };
}

export function mayRun(viewer: Viewer, { scope }: Starter): boolean {
  return scope === null || viewer.scopes.includes(scope);
}

function sampleQuery(directive: string): string {
  return `query SampleCourse ${directive} {
    courses(first: 5) { nodes { id slug modules { id lessons { id title revision } } } }
  }`;
}

function courseSlug(sample: Sample | null): string {
  return withComments([['slug', sample?.course.slug ?? 'slug-of-the-course', 'from “List courses”']], (line) => line);
}

type Line = readonly [name: string, value: string | number | null, comment: string];

function withComments(lines: readonly Line[], wrap = asInput): string {
  const fields = lines.map(([name, value, comment], index) => {
    const comma = index < lines.length - 1 ? ',' : '';
    return `${JSON.stringify(name)}: ${JSON.stringify(value)}${comma} // ${comment}`;
  });
  return `{\n${indented(wrap(fields.join('\n')))}\n}`;
}

function asInput(fields: string): string {
  return `"input": {\n${indented(fields)}\n}`;
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
