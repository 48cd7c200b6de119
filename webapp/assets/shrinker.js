// A worker: makes a smaller MP4 of a clip. Picture no larger than `side` on its short side and at
// `rate` bits a second; the sound goes over as it is where MP4 can hold it. Place and maker, which
// phones write into a clip, stay behind.
import {
  BlobSource,
  BufferTarget,
  Conversion,
  getFirstEncodableVideoCodec,
  Input,
  MATROSKA,
  MP4,
  Mp4OutputFormat,
  Output,
  QTFF,
  Quality,
  WEBM,
} from "mediabunny";

self.onmessage = async ({ data }) => {
  try {
    self.postMessage({ file: new Blob([await shrunk(data)], { type: "video/mp4" }) });
  } catch (error) {
    self.postMessage({ wrong: String((error && error.message) || error) });
  }
};

async function shrunk({ file, side, rate }) {
  const input = new Input({ source: new BlobSource(file), formats: [MP4, QTFF, WEBM, MATROSKA] });
  const video = await input.getPrimaryVideoTrack();
  if (!video) throw new Error("no picture");
  const audio = await input.getPrimaryAudioTrack();
  const output = new Output({ format: new Mp4OutputFormat({ fastStart: "in-memory" }), target: new BufferTarget() });
  const conversion = await Conversion.init({
    input,
    output,
    tracks: "primary",
    video: await picture(video, side, rate),
    tags: {},
  });
  const kept = conversion.utilizedTracks.map((track) => track.type);
  if (!conversion.isValid || !kept.includes("video")) throw new Error("this browser can not read the picture");
  if (audio && !kept.includes("audio")) throw new Error("the sound would be lost");
  conversion.onProgress = (progress) => self.postMessage({ progress });
  await conversion.execute();
  return output.target.buffer;
}

async function picture(track, side, rate) {
  const [width, height] = [await track.getDisplayWidth(), await track.getDisplayHeight()];
  const scale = Math.min(1, side / Math.min(width, height));
  const even = (value) => Math.max(2, Math.round((value * scale) / 2) * 2);
  const size = { width: even(width), height: even(height) };
  const quality = new Quality({ bitrate: rate, bitrateMode: "variable" });
  const codec = await getFirstEncodableVideoCodec(["avc", "vp9", "av1"], { ...size, quality });
  if (!codec) throw new Error("this browser encodes nothing that fits");
  return { ...size, fit: "fill", codec, quality, forceTranscode: true };
}
