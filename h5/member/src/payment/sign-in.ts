/** The trip to the platform's sign-in page and back. */

import { signInPath } from '@campkeeper/api';
import { api } from '../session';

/** Remembered for the visit, so that a sign-in that gives nobody is not tried in a loop. */
const TRIED_KEY = 'campkeeper.sign-in-tried';

export function signInWasTried(): boolean {
  return sessionStorage.getItem(TRIED_KEY) !== null;
}

/**
 * Leaves for the sign-in page; the server brings the member back to `redirect`, a path of
 * ours. False: the server offers no sign-in here, and the page stays.
 */
export async function goSignIn(redirect: string): Promise<boolean> {
  sessionStorage.setItem(TRIED_KEY, '1');
  if (!(await api.canSignIn(redirect))) return false;
  location.assign(signInPath(redirect));
  return true;
}
