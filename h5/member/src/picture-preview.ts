/** Small pictures of what was picked, to be kept beside the draft. */

/** Twice the size at which they are shown. */
const SIDE_PX = 152;

/** A square JPEG as a `data:` address; empty where this browser cannot make one. */
export async function previewOf(picture: Blob): Promise<string> {
  try {
    const bitmap = await createImageBitmap(picture);
    const canvas = document.createElement('canvas');
    canvas.width = SIDE_PX;
    canvas.height = SIDE_PX;
    const side = Math.min(bitmap.width, bitmap.height);
    const [left, top] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2];
    canvas.getContext('2d')?.drawImage(bitmap, left, top, side, side, 0, 0, SIDE_PX, SIDE_PX);
    bitmap.close();
    return canvas.toDataURL('image/jpeg', 0.7);
  } catch {
    return '';
  }
}
