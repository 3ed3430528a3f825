/** The manuals under 帮助: what they are, and whose comes first. */

export interface ManualSection {
  id: string;
  title: string;
  html: string;
}

export interface Manual {
  title: string;
  /** What stands before the first section. */
  intro: string;
  sections: ManualSection[];
}

export const MANUALS = ['owner', 'admin', 'coach', 'operator', 'troubleshooting', 'disaster-recovery'] as const;
export type ManualName = (typeof MANUALS)[number];

/** As the list names them. */
export const MANUAL_TITLE: Readonly<Record<ManualName, string>> = {
  owner: '负责人',
  admin: '管理员',
  coach: '教练',
  operator: '运维',
  troubleshooting: '遇到问题',
  'disaster-recovery': '灾难恢复',
};

const OWN: Readonly<Record<string, readonly ManualName[]>> = {
  super_admin: ['owner', 'operator'],
  admin: ['admin'],
  coach: ['coach'],
  volunteer: ['coach'],
};

/** All of them, one's own first, then what helps when something does not work. */
export function manualsFor(role: string): ManualName[] {
  const first = new Set<ManualName>([...(OWN[role] ?? []), 'troubleshooting']);
  return [...first, ...MANUALS.filter((name) => !first.has(name))];
}

export function isManual(name: string): name is ManualName {
  return MANUALS.some((known) => known === name);
}

export interface Hit {
  manual: ManualName;
  id: string;
  title: string;
  /** The words around what was sought. */
  excerpt: string;
}

/** Characters that are shown around what was sought. */
const AROUND = 24;

/** The sections of a manual that hold what is sought. */
export function search(name: ManualName, manual: Manual, sought: string): Hit[] {
  const wanted = sought.trim().toLowerCase();
  if (wanted === '') return [];
  return manual.sections.flatMap(({ id, title, html }) => {
    const text = wordsOf(html);
    const at = text.toLowerCase().indexOf(wanted);
    if (at < 0 && !title.toLowerCase().includes(wanted)) return [];
    const from = Math.max(0, at - AROUND);
    const to = Math.max(0, at) + wanted.length + 2 * AROUND;
    const excerpt = `${from > 0 ? '…' : ''}${text.slice(from, to)}${to < text.length ? '…' : ''}`;
    return [{ manual: name, id, title, excerpt }];
  });
}

function wordsOf(html: string): string {
  return html
    .replace(/<[^>]*>/g, ' ')
    .replace(/&(lt|gt|amp|quot|#39);/g, (_, name: string) => ENTITIES[name] ?? ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', '#39': "'" };
