// Makes a program of some hundred bytes that prints one text and ends: a static Linux executable that runs in
// an image with nothing else in it. So a test can run what it pulled without asking for busybox.

const LOAD_ADDRESS = 0x400000;
const HEADERS = 64 + 56; // file header and one program header

/** The machines for which a program can be made. */
export type Machine = "amd64" | "arm64";

/** What this process runs on, as container clients spell it; undefined where no program can be made for it. */
export function hostMachine(): Machine | undefined {
  return process.arch === "x64" ? "amd64" : process.arch === "arm64" ? "arm64" : undefined;
}

/** The executable that prints `text` to its standard output and exits with 0. */
export function greetingProgram(text: string, machine: Machine): Buffer {
  const message = Buffer.from(text);
  const code = machine === "amd64" ? amd64(message.length) : arm64(message.length);
  const body = Buffer.concat([code, message]);
  return Buffer.concat([headers(machine, HEADERS + body.length), body]);
}

function headers(machine: Machine, size: number): Buffer {
  const elf = Buffer.alloc(HEADERS);
  elf.write("\x7fELF\x02\x01\x01", "latin1"); // 64 bits, little-endian
  elf.writeUInt16LE(2, 16); // executable
  elf.writeUInt16LE(machine === "amd64" ? 62 : 183, 18);
  elf.writeUInt32LE(1, 20);
  elf.writeUInt32LE(LOAD_ADDRESS + HEADERS, 24); // entry point
  elf.writeUInt32LE(64, 32); // where the program header is
  elf.writeUInt16LE(64, 52);
  elf.writeUInt16LE(56, 54);
  elf.writeUInt16LE(1, 56);
  elf.writeUInt32LE(1, 64); // load
  elf.writeUInt32LE(5, 68); // readable, executable
  elf.writeUInt32LE(LOAD_ADDRESS, 80);
  elf.writeUInt32LE(LOAD_ADDRESS, 88);
  elf.writeUInt32LE(size, 96);
  elf.writeUInt32LE(size, 104);
  elf.writeUInt32LE(0x10000, 112);
  return elf;
}

/** write(1, message, length); exit(0). The message follows the code. */
function amd64(length: number): Buffer {
  const code = Buffer.from(
    "b801000000 bf01000000 488d3500000000 ba00000000 0f05 b83c000000 31ff 0f05".replaceAll(" ", ""),
    "hex",
  );
  code.writeInt32LE(code.length - 17, 13); // lea rsi: from behind itself to the message
  code.writeUInt32LE(length, 18);
  return code;
}

function arm64(length: number): Buffer {
  const words = [0xd2800020, 0, 0, 0xd2800808, 0xd4000001, 0xd2800000, 0xd2800ba8, 0xd4000001];
  words[1] = 0x10000001 | (((words.length - 1) & 0x7ffff) << 5); // adr x1, message
  words[2] = 0xd2800002 | (length << 5); // mov x2, length
  const code = Buffer.alloc(words.length * 4);
  words.forEach((word, index) => {
    code.writeUInt32LE(word >>> 0, index * 4);
  });
  return code;
}
