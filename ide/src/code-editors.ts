import { pick, useGraphiQL, useMonaco } from '@graphiql/react';
import type { editor } from 'monaco-editor';
import { useEffect } from 'react';

interface Palette {
  base: 'vs' | 'vs-dark';
  text: string;
  popup: string;
  accent: string;
  faint: string;
  lineNumber: string;
  brackets: readonly [string, string, string];
  tokens: Record<string, string>;
}

const LIGHT: Palette = {
  base: 'vs',
  text: '#22332f',
  popup: '#ffffff',
  accent: '#10735c',
  faint: '#10735c1a',
  lineNumber: '#7b8c86',
  brackets: ['#22332f', '#8a3b7a', '#1c5c8f'],
  tokens: {
    'keyword.gql': '8a3b7a',
    'type.identifier.gql': '10735c',
    'key.identifier.gql': '1c5c8f',
    'argument.identifier.gql': '6552b8',
    'annotation.gql': 'a14f12',
    'comment.gql': '5f7069',
    'string.gql': 'a14f12',
    'number.gql': '0f6b4f',
    'string.key.json': '1c5c8f',
    'string.value.json': 'a14f12',
    'number.json': '0f6b4f',
    'keyword.json': '8a3b7a',
    'comment.line.json': '5f7069',
  },
};

const DARK: Palette = {
  base: 'vs-dark',
  text: '#d7e2de',
  popup: '#1c2927',
  accent: '#6fd0b2',
  faint: '#6fd0b21f',
  lineNumber: '#71857f',
  brackets: ['#d7e2de', '#e59ad3', '#8cc4f0'],
  tokens: {
    'keyword.gql': 'e59ad3',
    'type.identifier.gql': '6fd0b2',
    'key.identifier.gql': '8cc4f0',
    'argument.identifier.gql': 'b5a8f5',
    'annotation.gql': 'f0b679',
    'comment.gql': '8fa39d',
    'string.gql': 'f0b679',
    'number.gql': '86dfae',
    'string.key.json': '8cc4f0',
    'string.value.json': 'f0b679',
    'number.json': '86dfae',
    'keyword.json': 'e59ad3',
    'comment.line.json': '8fa39d',
  },
};

/** Give the code editors the colours of Cairn, under the names that GraphiQL switches between. */
export function useCairnEditorThemes(): void {
  const monaco = useMonaco((state) => state.monaco);
  useEffect(() => {
    if (!monaco) return;
    monaco.editor.defineTheme('graphiql-LIGHT', themeFrom(LIGHT));
    monaco.editor.defineTheme('graphiql-DARK', themeFrom(DARK));
  }, [monaco]);
}

/** What the editors show is mostly prose: long lines wrap, and a dash is no suspect for looking like a hyphen. */
export function useReadableLines(): void {
  const { queryEditor, variableEditor, headerEditor, responseEditor } = useGraphiQL(
    pick('queryEditor', 'variableEditor', 'headerEditor', 'responseEditor'),
  );
  useEffect(() => {
    for (const each of [queryEditor, variableEditor, headerEditor, responseEditor]) {
      each?.updateOptions({ wordWrap: 'on', fontSize: 14, unicodeHighlight: { ambiguousCharacters: false } });
    }
  }, [queryEditor, variableEditor, headerEditor, responseEditor]);
}

function themeFrom(palette: Palette): editor.IStandaloneThemeData {
  const { base, text, popup, accent, faint, lineNumber, brackets, tokens } = palette;
  return {
    base,
    inherit: true,
    rules: Object.entries(tokens).map(([token, foreground]) => ({ token, foreground })),
    colors: {
      'editor.background': '#ffffff00',
      'editor.foreground': text,
      'editorLineNumber.foreground': lineNumber,
      'editorLineNumber.activeForeground': text,
      'editorBracketHighlight.foreground1': brackets[0],
      'editorBracketHighlight.foreground2': brackets[1],
      'editorBracketHighlight.foreground3': brackets[2],
      'scrollbar.shadow': '#ffffff00',
      'scrollbarSlider.background': `${lineNumber}40`,
      'scrollbarSlider.hoverBackground': `${lineNumber}80`,
      'scrollbarSlider.activeBackground': `${lineNumber}80`,
      focusBorder: accent,
      highlight: accent,
      'highlighted.label': accent,
      'textLink.foreground': accent,
      'textLink.activeForeground': accent,
      'editorLink.activeForeground': accent,
      'editorWidget.background': popup,
      'editorWidget.resizeBorder': accent,
      'editorHoverWidget.background': popup,
      'editorSuggestWidget.background': popup,
      'editorSuggestWidget.selectedBackground': faint,
      'editorSuggestWidget.selectedForeground': accent,
      'input.background': faint,
      'inputOption.hoverBackground': faint,
      'list.hoverBackground': faint,
      'list.highlightForeground': accent,
      'list.focusHighlightForeground': accent,
      'menu.background': popup,
      'menu.selectionBackground': faint,
      'menu.selectionForeground': accent,
      'pickerGroup.foreground': accent,
      'quickInput.background': popup,
      'quickInputList.focusBackground': faint,
      'quickInputList.focusForeground': text,
      'toolbar.hoverBackground': faint,
    },
  };
}
