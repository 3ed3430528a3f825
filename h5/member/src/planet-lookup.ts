/**
 * “是你吗？”: asks who a number and a nickname belong to while the member types. The server
 * allows ten questions a minute, so it waits for a pause and never asks the same twice.
 */

import type { PlanetUserMatch } from '@campkeeper/api';
import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue';
import { checkPlanetFields, hasErrors, normalisePlanetId } from './logic/enrollment-form';
import { errorText } from './logic/error-texts';
import { api } from './session';

export type Lookup =
  | { state: 'idle' }
  | { state: 'asking' }
  | { state: 'answered'; match: PlanetUserMatch }
  | { state: 'failed'; text: string };

const TYPING_PAUSE_MS = 700;

export function usePlanetLookup(fields: {
  planetUserId: () => string;
  planetNickname: () => string;
}): ShallowRef<Lookup> {
  const lookup = shallowRef<Lookup>({ state: 'idle' });
  const answers = new Map<string, PlanetUserMatch>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let questions = 0;

  function typed(): void {
    clearTimeout(timer);
    const mine = ++questions;
    const planetUserId = normalisePlanetId(fields.planetUserId());
    const planetNickname = fields.planetNickname().trim();
    if (hasErrors(checkPlanetFields({ planetUserId, planetNickname }))) {
      lookup.value = { state: 'idle' };
      return;
    }
    const known = answers.get(`${planetUserId}\n${planetNickname}`);
    if (known !== undefined) {
      lookup.value = { state: 'answered', match: known };
      return;
    }
    lookup.value = { state: 'asking' };
    timer = setTimeout(() => void ask(mine, planetUserId, planetNickname), TYPING_PAUSE_MS);
  }

  async function ask(mine: number, planetUserId: string, planetNickname: string): Promise<void> {
    let result: Lookup;
    try {
      const match = await api.planetUser(planetUserId, planetNickname);
      answers.set(`${planetUserId}\n${planetNickname}`, match);
      result = { state: 'answered', match };
    } catch (error) {
      result = { state: 'failed', text: errorText(error) };
    }
    if (mine === questions) lookup.value = result;
  }

  watch([fields.planetUserId, fields.planetNickname], typed, { immediate: true });
  onScopeDispose(() => {
    clearTimeout(timer);
    questions += 1;
  });
  return lookup;
}
