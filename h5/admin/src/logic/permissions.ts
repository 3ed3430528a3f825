/**
 * Who may do what: the table of `domain::staff`, so that nobody is shown a page or a button that the
 * server would refuse. The server decides; a test holds both tables against each other.
 */

export const ROLES = ['super_admin', 'admin', 'coach', 'volunteer'] as const;
export type Role = (typeof ROLES)[number];

/** `own`: in the camps that the person leads or serves. */
export type Reach = 'all' | 'own' | '-';

const TABLE = {
  view_camp: ['all', 'all', 'own', 'own'],
  manage_camps: ['all', 'all', '-', '-'],
  sync_check_ins: ['all', 'all', 'own', '-'],
  state_days: ['all', 'all', '-', '-'],
  match_members: ['all', 'all', 'own', '-'],
  import_roster: ['all', 'all', '-', '-'],
  urge: ['all', 'all', 'own', 'own'],
  review_refunds: ['all', 'all', 'own', '-'],
  answer_appeals: ['all', 'all', 'own', '-'],
  propose_refund: ['all', 'all', '-', '-'],
  probe_merchant: ['all', 'all', '-', '-'],
  view_payments: ['all', 'all', '-', '-'],
  judge_payments: ['all', 'all', '-', '-'],
  settle_bills: ['all', 'all', '-', '-'],
  view_reports: ['all', 'all', 'own', '-'],
  run_jobs: ['all', '-', '-', '-'],
  view_logs: ['all', '-', '-', '-'],
  manage_users: ['all', '-', '-', '-'],
  manage_config: ['all', '-', '-', '-'],
} as const satisfies Record<string, readonly Reach[]>;

export type Action = keyof typeof TABLE;
export const ACTIONS = Object.keys(TABLE) as Action[];

/** How far a role reaches; a word that is no role reaches nothing. */
export function reachOf(role: string, action: Action): Reach {
  const column = ROLES.findIndex((known) => known === role);
  return TABLE[action][column] ?? '-';
}

/** Whether the role may do it somewhere; lists hold only what is within its reach. */
export function may(role: string, action: Action): boolean {
  return reachOf(role, action) !== '-';
}
