/**
 * JSON values under one key of the browser's storage. Reading checks the shape, because
 * older versions of the page wrote there too; a full or forbidden storage (private mode)
 * costs the memory of the next visit and nothing else.
 */

export interface JsonStore<Value> {
  read(): Value | null;
  write(value: Value): void;
  remove(): void;
}

export function jsonStore<Value>(
  storage: () => Storage,
  key: string,
  isValue: (value: unknown) => value is Value,
): JsonStore<Value> {
  return {
    read() {
      try {
        const text = storage().getItem(key);
        const value: unknown = text === null ? null : JSON.parse(text);
        return isValue(value) ? value : null;
      } catch {
        return null;
      }
    },
    write(value) {
      attempt(() => storage().setItem(key, JSON.stringify(value)));
    },
    remove() {
      attempt(() => storage().removeItem(key));
    },
  };
}

function attempt(change: () => void): void {
  try {
    change();
  } catch (error) {
    console.warn('browser storage is not available', error);
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}
