/** The poster of a camp with its enroll code, as one picture to send around. */

interface Poster {
  name: string;
  dates: string;
  posterUrl: string | null;
  qrUrl: string;
}

const WIDTH = 750;
const FOOT = 250;
const QR = 200;
const MARGIN = 25;
/** A poster taller than this is cut, not squeezed. */
const MAX_PICTURE = 1600;

export async function drawPoster({ name, dates, posterUrl, qrUrl }: Poster): Promise<Blob> {
  const [poster, code] = await Promise.all([posterUrl === null ? null : load(posterUrl), load(qrUrl)]);
  const tall = poster === null ? 0 : Math.min(MAX_PICTURE, Math.round((poster.height * WIDTH) / poster.width));
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = tall + FOOT;
  const pen = canvas.getContext('2d');
  if (pen === null) throw new Error('this browser draws no pictures');
  pen.fillStyle = '#ffffff';
  pen.fillRect(0, 0, WIDTH, canvas.height);
  if (poster !== null) {
    pen.drawImage(poster, 0, 0, WIDTH, (poster.height * WIDTH) / poster.width);
    pen.fillRect(0, tall, WIDTH, FOOT);
  }
  pen.drawImage(code, WIDTH - QR - MARGIN, tall + MARGIN, QR, QR);
  pen.textBaseline = 'top';
  pen.fillStyle = '#1c2926';
  pen.font = '600 34px sans-serif';
  const room = WIDTH - QR - 3 * MARGIN;
  const lines = broken(pen, name, room).slice(0, 3);
  lines.forEach((line, at) => pen.fillText(line, MARGIN, tall + MARGIN + at * 44));
  pen.fillStyle = '#566460';
  pen.font = '24px sans-serif';
  pen.fillText(dates, MARGIN, tall + MARGIN + lines.length * 44 + 10, room);
  pen.fillText('微信扫码报名', MARGIN, tall + MARGIN + lines.length * 44 + 46, room);
  return await new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob === null ? reject(new Error('no picture came of it')) : resolve(blob)), 'image/png');
  });
}

async function load(url: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}

/** Lines that have room; Chinese breaks anywhere. */
function broken(pen: CanvasRenderingContext2D, text: string, room: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const letter of text) {
    if (line !== '' && pen.measureText(line + letter).width > room) {
      lines.push(line);
      line = '';
    }
    line += letter;
  }
  return line === '' ? lines : [...lines, line];
}
