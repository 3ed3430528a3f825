import type { Payment } from '@campkeeper/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { emptyDraft } from '../logic/enrollment-form';
import { appealDraft, draftStore } from './drafts';
import { createOrderBook } from './order-book';

/** As much of the browser's storage as the stores use. */
function memoryStorage(): Storage {
  const entries = new Map<string, string>();
  return {
    get length() {
      return entries.size;
    },
    clear: () => entries.clear(),
    getItem: (key) => entries.get(key) ?? null,
    key: (index) => [...entries.keys()][index] ?? null,
    removeItem: (key) => {
      entries.delete(key);
    },
    setItem: (key, value) => {
      entries.set(key, value);
    },
  };
}

const refusing = (): Storage => {
  throw new DOMException('storage is off', 'SecurityError');
};

let storage: Storage;

beforeEach(() => {
  storage = memoryStorage();
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe('appealDraft', () => {
  const draft = { text: '帖子在', pictures: [{ id: 4, preview: 'data:image/jpeg;base64,AA==' }] };

  it('keeps words and pictures for each thing that is objected to', () => {
    appealDraft(7, 'day', '2026-11-05', () => storage).write(draft);
    expect(appealDraft(7, 'day', '2026-11-05', () => storage).read()).toEqual(draft);
    expect(appealDraft(7, 'day', '2026-11-06', () => storage).read()).toBeNull();
  });

  it.each(['"帖子在"', '{"text":"帖子在"}', '{"text":"","pictures":[{"id":"4","preview":""}]}'])(
    'takes %j for nothing',
    (text) => {
      storage.setItem('campkeeper.appeal.7.verdict.', text);
      expect(appealDraft(7, 'verdict', null, () => storage).read()).toBeNull();
    },
  );
});

describe('draftStore', () => {
  it('keeps a draft per camp', () => {
    const draft = { ...emptyDraft(), planetUserId: '9007199254740993' };
    draftStore(1, () => storage).write(draft);
    expect(draftStore(1, () => storage).read()).toEqual(draft);
    expect(draftStore(2, () => storage).read()).toBeNull();
  });

  it.each(['', 'null', '{', '[]', '{"planetChoice":"never"}', '{"planetChoice":"now"}'])(
    'takes %j for nothing',
    (text) => {
      storage.setItem('campkeeper.draft.1', text);
      expect(draftStore(1, () => storage).read()).toBeNull();
    },
  );

  it('lives without a storage', () => {
    const warned = vi.spyOn(console, 'warn').mockReturnValue(undefined);
    const store = draftStore(1, refusing);
    store.write(emptyDraft());
    expect(store.read()).toBeNull();
    expect(warned).toHaveBeenCalledOnce();
  });
});

describe('order book', () => {
  const payment: Payment = {
    orderNo: 'ord_1',
    channel: 'h5',
    amountFen: 9900,
    expiresAt: '2026-11-20T12:30:00+08:00',
    h5Url: 'https://pay.example/c',
  };

  it('remembers a payment and learns its token later', () => {
    const book = createOrderBook(() => storage);
    book.addPayment(payment, 3, '写作营');
    book.mergeOwn({ orderNo: 'ord_1', campId: 3, memberId: 7, accessToken: 'tk_1' });
    expect(book.find('ord_1')).toEqual({
      orderNo: 'ord_1',
      campId: 3,
      campName: '写作营',
      memberId: 7,
      accessToken: 'tk_1',
      amountFen: 9900,
      channel: 'h5',
      expiresAt: '2026-11-20T12:30:00+08:00',
    });
    expect(book.findByMember(7)?.orderNo).toBe('ord_1');
    expect(book.findByMember(8)).toBeNull();
  });

  it('fills itself on a new phone', () => {
    const book = createOrderBook(() => storage);
    book.mergeOwn({ orderNo: 'ord_9', campId: 3, memberId: 7, accessToken: 'tk_9' });
    expect(book.find('ord_9')).toMatchObject({ accessToken: 'tk_9', campName: null });
  });

  it('keeps a token when the same order is asked for again', () => {
    const book = createOrderBook(() => storage);
    book.mergeOwn({ orderNo: 'ord_1', campId: 3, memberId: 7, accessToken: 'tk_1' });
    book.addPayment(payment, 3, '写作营');
    expect(book.find('ord_1')?.accessToken).toBe('tk_1');
  });

  it('starts anew from a damaged page', () => {
    storage.setItem('campkeeper.orders', '{"ord_1":{"orderNo":5}}');
    expect(createOrderBook(() => storage).find('ord_1')).toBeNull();
  });
});
