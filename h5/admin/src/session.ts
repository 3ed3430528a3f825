/** Who is signed in, and the one staff API that all pages use. */

import { ApiError, createStaffApi, type Schemas } from '@campkeeper/api';
import { shallowRef } from 'vue';
import { type Action, may as roleMay } from './logic/permissions';

export type User = Schemas.MeView;

/** Null until the server has said who it is, and again when it does not know any more. */
export const user = shallowRef<User | null>(null);

type Reaction = (why: 'signed_out' | 'must_change_password') => void;
let react: Reaction = () => undefined;

/** The router's way of being told that the session has ended, or is good for one thing only. */
export function onSessionChange(reaction: Reaction): void {
  react = reaction;
}

export const api = createStaffApi({
  onFailure: (reason) => {
    if (!(reason instanceof ApiError)) return;
    if (reason.status === 401 && user.value !== null) {
      user.value = null;
      react('signed_out');
    } else if (reason.word === 'must_change_password' && user.value !== null) {
      user.value = { ...user.value, mustChangePassword: true };
      react('must_change_password');
    }
  },
});

/** Asks once who is signed in; a page that is opened anew has only its cookie. */
export async function recallUser(): Promise<User | null> {
  if (user.value !== null) return user.value;
  try {
    user.value = await api.me();
  } catch (reason) {
    if (!(reason instanceof ApiError) || reason.status !== 401) throw reason;
  }
  return user.value;
}

export async function signIn(username: string, password: string): Promise<User> {
  const login = await api.signIn(username, password);
  user.value = login.user;
  return login.user;
}

export async function signOut(): Promise<void> {
  try {
    await api.signOut();
  } finally {
    user.value = null;
  }
}

/**
 * Every session of the account ends with the old password: signs in with the new one at once. False
 * where that does not work: the password is changed all the same.
 */
export async function changePassword(old: string, next: string): Promise<boolean> {
  const username = user.value?.username ?? '';
  await api.changePassword(old, next);
  try {
    await signIn(username, next);
    return true;
  } catch {
    user.value = null;
    return false;
  }
}

/** Whether the person may do it somewhere. */
export function may(action: Action): boolean {
  return user.value !== null && roleMay(user.value.role, action);
}
