/** Other rules for a camp, and what was found by them: only that is proposed. */

import type { Schemas } from '@campkeeper/api';

type Rules = Pick<Schemas.WhatIfBody, 'requiredDays' | 'graceDays'>;

export interface Looked {
  rules: Rules;
  view: Schemas.WhatIfView;
}

/** What was found by the rules that are typed now; null while nobody has looked by these. */
export function outlookBy(looked: Looked | null, rules: Rules): Schemas.WhatIfView | null {
  const isSame =
    looked !== null &&
    looked.rules.requiredDays === rules.requiredDays &&
    looked.rules.graceDays === rules.graceDays;
  return isSame ? looked.view : null;
}
