// The figures as a table for people.
import type { Figure } from './figure.js';

const HEADINGS = ['section', 'what', 'value', 'floor', 'ratio', 'goal', ''];
/** From here on, the columns are numbers. */
const FIRST_NUMBER = 2;

function written(value: number | null): string {
  if (value === null) return '';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

const cellsOf = ({ section, what, value, floor, ratio, goal, met }: Figure): string[] => [
  section,
  what,
  written(value),
  written(floor),
  written(ratio),
  goal ?? '',
  met === null ? '' : met ? 'met' : 'MISSED',
];

export function asTable(figures: Figure[]): string {
  const rows = [HEADINGS, ...figures.map(cellsOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: string[]) =>
    cells
      .map((cell, column) =>
        column < FIRST_NUMBER || column === HEADINGS.length - 1 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ');
  return `${rows.map((cells) => line(cells).trimEnd()).join('\n')}\n`;
}
