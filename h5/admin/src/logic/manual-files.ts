/** Where the manuals are: each is loaded when it is opened, or when all are searched. */
import type { Manual, ManualName } from './manuals';

const FILES: Readonly<Record<ManualName, () => Promise<{ default: Manual }>>> = {
  owner: () => import('../../../../docs/manual/owner.md'),
  admin: () => import('../../../../docs/manual/admin.md'),
  coach: () => import('../../../../docs/manual/coach.md'),
  operator: () => import('../../../../docs/manual/operator.md'),
  troubleshooting: () => import('../../../../docs/manual/troubleshooting.md'),
  'disaster-recovery': () => import('../../../../docs/manual/disaster-recovery.md'),
};

export async function loadManual(name: ManualName): Promise<Manual> {
  return (await FILES[name]()).default;
}
