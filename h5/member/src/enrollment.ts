/** Filling in a camp's form and paying: the draft, its errors, and the way to the cashier. */

import { type AlreadyEnrolled, ApiError, type CampDetail, type Prefill } from '@campkeeper/api';
import { reactive, ref, watch, type Ref } from 'vue';
import { useRouter } from 'vue-router';
import { choosePaymentRoute, type PaymentRoute } from './logic/browser';
import {
  checkDraft,
  emptyDraft,
  hasErrors,
  normalisePlanetId,
  toFieldErrors,
  type EnrollmentDraft,
  type FieldErrors,
} from './logic/enrollment-form';
import { claimedNickname, errorText, errorWord } from './logic/error-texts';
import { ownOrderOf } from './logic/own-order';
import { afterPayment } from './logic/payment-phase';
import { orderPayment } from './payment/checkout';
import { goSignIn, signInWasTried } from './payment/sign-in';
import { browser, ensureMe, refreshMe } from './session';
import { draftStore, resumeStore } from './storage/drafts';

export interface Enrollment {
  draft: EnrollmentDraft;
  errors: Ref<FieldErrors>;
  /** What stands in the way, in words; null when nothing does. */
  problem: Ref<string | null>;
  paying: Ref<boolean>;
  /** The planet account has a paid order that is not this session's. */
  takenOrder: Ref<boolean>;
  /** The nickname of the planet user whom a ticket of ours vouches for. */
  vouched: Ref<string | null>;
  /** The masked nickname of the account, if another payment of the camp names it. */
  claimed: Ref<string | null>;
  submit: () => Promise<void>;
  /** The account is theirs all the same. */
  confirmClaim: () => Promise<void>;
  forgetVouched: () => void;
}

export function useEnrollment(
  camp: CampDetail,
  ticket: string | null,
  onStale: () => void,
): Enrollment {
  const router = useRouter();
  const store = draftStore(camp.id);
  // A link whose account no roster knows by name yet leaves the nickname to be typed.
  const vouched = ref(camp.prefill?.signed === true ? camp.prefill.planetNickname : null);
  const resuming = resumeStore.read() === camp.id;
  const draft = reactive(startDraft(store.read(), camp.prefill, ticket, resuming));
  const errors = ref<FieldErrors>({});
  const problem = ref<string | null>(null);
  const paying = ref(false);
  const takenOrder = ref(false);
  const claimed = ref<string | null>(null);

  watch(draft, (changed) => store.write({ ...changed }), { immediate: true });
  // What was asked was asked about the account that stood there then.
  watch(() => draft.planetUserId, () => (claimed.value = null));

  function forgetVouched(): void {
    vouched.value = null;
    Object.assign(draft, { planetUserId: '', planetNickname: '', ticket: null });
  }

  async function submit(): Promise<void> {
    errors.value = checkDraft(draft);
    problem.value = null;
    takenOrder.value = false;
    claimed.value = null;
    if (hasErrors(errors.value) || paying.value) return;
    paying.value = true;
    try {
      await pay(await route());
    } catch (error) {
      await explain(error);
    } finally {
      paying.value = false;
    }
  }

  async function confirmClaim(): Promise<void> {
    draft.confirmedClaim = normalisePlanetId(draft.planetUserId);
    await submit();
  }

  async function route(): Promise<PaymentRoute> {
    const { signedIn } = await ensureMe();
    return choosePaymentRoute({ browser, signedIn, signInFailed: signInWasTried() });
  }

  async function pay(chosen: PaymentRoute): Promise<void> {
    if (chosen === 'sign_in') return (await leaveToSignIn()) ? undefined : pay('native');
    try {
      const payment = await orderPayment(camp, chosen, draft);
      await router.push({ name: 'pay', params: { orderNo: payment.orderNo } });
    } catch (error) {
      // Signed in without an openid, or no longer: sign in once, then the QR code is left.
      if (chosen !== 'jsapi' || errorWord(error) !== 'unauthenticated') throw error;
      if (signInWasTried() || !(await leaveToSignIn())) await pay('native');
    }
  }

  /** The draft waits in the storage for the way back, and paying goes on by itself. */
  async function leaveToSignIn(): Promise<boolean> {
    const left = await goSignIn(location.pathname + location.search);
    if (left) resumeStore.write(camp.id);
    return left;
  }

  /** Back from signing in: what the member asked for before is done now. */
  async function resume(): Promise<void> {
    if (!resuming) return;
    resumeStore.remove();
    if (!hasErrors(checkDraft(draft))) await submit();
  }

  async function explain(error: unknown): Promise<void> {
    switch (errorWord(error)) {
      case 'already_enrolled':
        return showEnrolled(error);
      case 'claimed':
        claimed.value = claimedNickname(error);
        return;
      case 'camp_not_enrolling':
        onStale();
        break;
      case 'invalid_input':
        if (error instanceof ApiError) errors.value = toFieldErrors(error.fields);
        break;
      default:
        break;
    }
    problem.value = errorText(error);
  }

  async function showEnrolled(error: unknown): Promise<void> {
    problem.value = errorText(error);
    const own = await findOwn(error);
    if (own === null) {
      problem.value = '这个星球账号已经报名了这个训练营';
      takenOrder.value = true;
      return;
    }
    await router.push({
      name: afterPayment(own.bindStatus),
      params: { orderNo: own.orderNo },
      query: { enrolled: '1' },
    });
  }

  /** The order named by the refusal, if it is one of this session's. */
  async function findOwn(error: unknown): Promise<AlreadyEnrolled | null> {
    const { orders } = await refreshMe();
    const named = error instanceof ApiError ? (error.data as Partial<AlreadyEnrolled> | null) : null;
    const order = orders.find((own) => own.orderNo === named?.orderNo) ?? ownOrderOf(camp.id, orders);
    return order === null || order.status === 'created' ? null : order;
  }

  void resume();
  return {
    draft,
    errors,
    problem,
    paying,
    takenOrder,
    claimed,
    vouched,
    submit,
    confirmClaim,
    forgetVouched,
  };
}

/**
 * What was typed before comes first, except against a link made for one planet user.
 * Consent is given anew each time, since the rules may have changed in between.
 */
function startDraft(
  saved: EnrollmentDraft | null,
  prefill: Prefill | null,
  ticket: string | null,
  resuming: boolean,
): EnrollmentDraft {
  const typed = saved ?? emptyDraft();
  const draft = { ...typed, agreed: typed.agreed && resuming };
  if (prefill?.signed === true) {
    const { planetUserId } = prefill;
    const planetNickname = prefill.planetNickname ?? draft.planetNickname;
    return { ...draft, planetChoice: 'now', planetUserId, planetNickname, ticket };
  }
  const unsigned = { ...draft, ticket: null };
  if (prefill === null || draft.planetUserId !== '') return unsigned;
  return { ...unsigned, planetUserId: prefill.planetUserId };
}
