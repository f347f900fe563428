/// What a file is that people give in place of a checkpoint, by its first bytes.
public enum ForeignFile: Sendable, Equatable {
    case empty
    case zeros
    /// A pointer of Git LFS, which a clone leaves in place of a file.
    case gitLFS
    case webPage
    case json
    case text
    /// Compressed by the named program.
    case compressed(String)
    /// An archive of the named kind.
    case archive(String)
    /// A zip archive with a checkpoint in it.
    case zipOf(String)
    /// A zip archive of something else; the name of its first file.
    case zip(String)
    /// A program of torch.export or a package of torch.package.
    case exportedProgram
    /// A model for another program: its format's name.
    case model(String)
    /// A model file of this project, or another in its format.
    case gguf
    case numpy
    case hdf5
    /// A pickle that torch.save has not written.
    case pickle
    case image(String)

    static let headLength = 4096

    /// From the file's first bytes, as many as there are up to `headLength`; nil for what may be a checkpoint.
    init?(_ head: FileBytes) {
        let bytes = head.array(head.range)
        let signature = Self.signatures.first { bytes.dropFirst($0.offset).starts(with: $0.bytes) }
        if bytes.isEmpty {
            self = .empty
        } else if bytes.allSatisfy({ $0 == 0 }) {
            self = .zeros
        } else if let signature {
            self = signature.kind
        } else if Self.isONNX(bytes) {
            self = .model("ONNX")
        } else if let text = Self.text(bytes) {
            self = Self.kind(ofText: text)
        } else {
            return nil
        }
    }

    private static let signatures: [(bytes: [UInt8], offset: Int, kind: ForeignFile)] = [
        ([0x1F, 0x8B], 0, .compressed("gzip")),
        (Array("BZh".utf8), 0, .compressed("bzip2")),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], 0, .compressed("xz")),
        ([0x28, 0xB5, 0x2F, 0xFD], 0, .compressed("zstd")),
        ([0x04, 0x22, 0x4D, 0x18], 0, .compressed("lz4")),
        ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], 0, .archive("7z")),
        (Array("Rar!".utf8), 0, .archive("RAR")),
        (Array("ustar".utf8), 257, .archive("tar")),
        (Array("GGUF".utf8), 0, .gguf),
        ([0x93] + Array("NUMPY".utf8), 0, .numpy),
        ([0x89] + Array("HDF\r\n\u{1A}\n".utf8), 0, .hdf5),
        (Array("TFL3".utf8), 4, .model("TensorFlow Lite")),
        ([0xFF, 0xD8, 0xFF], 0, .image("JPEG")),
        ([0x89] + Array("PNG".utf8), 0, .image("PNG")),
        // UTF-16, as some shells write what they are told to.
        ([0xFF, 0xFE], 0, .text), ([0xFE, 0xFF], 0, .text),
    ]

    /// From the names of a zip archive without a pickle; nil where the rest of a checkpoint is there.
    init?(archiveOf names: [String]) {
        guard let first = names.first, !names.contains(where: { $0.hasSuffix("data/0") }) else { return nil }
        let checkpoint = names.first { name in
            [".pt", ".pth", ".ckpt", ".bin", ".safetensors", ".pkl", ".tar"].contains { name.lowercased().hasSuffix($0) }
        }
        if names.contains(where: {
            $0.hasSuffix("archive_format") || $0.hasSuffix(".data/version") || $0.hasSuffix("serialized_exported_program.json")
        }) {
            self = .exportedProgram
        } else if let checkpoint {
            self = .zipOf(checkpoint)
        } else if names.allSatisfy({ $0.hasSuffix(".npy") }) {
            self = .numpy
        } else {
            self = .zip(first)
        }
    }

    /// A protocol buffer that begins with the version and then names who produced it.
    private static func isONNX(_ bytes: [UInt8]) -> Bool {
        guard bytes.count > 16, bytes[0] == 0x08, (1...20).contains(bytes[1]) else { return false }
        return bytes[2] == 0x12 || bytes[2] == 0x3A
    }

    /// The bytes as text; nil where they are not. A safetensors file begins with a length that has zero bytes.
    private static func text(_ bytes: [UInt8]) -> String? {
        guard !bytes.contains(where: { $0 == 0 || ($0 < 0x20 && !(0x09...0x0D).contains($0)) }) else { return nil }
        // A character that the end of the head cuts may be there.
        for dropped in 0..<min(4, bytes.count) {
            if let text = String(validating: bytes.dropLast(dropped), as: UTF8.self) { return text }
        }
        return nil
    }

    private static func kind(ofText text: String) -> ForeignFile {
        let start = text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }.prefix(200).lowercased()
        if start.hasPrefix("version https://git-lfs") || start.contains("git-lfs.github.com/spec") { return .gitLFS }
        if start.hasPrefix("<") { return .webPage }
        if start.hasPrefix("{") || start.hasPrefix("[") { return .json }
        return .text
    }
}

extension ForeignFile {
    /// What it is and what to do about it; the caller puts the file's name in front.
    public var message: String {
        switch self {
        case .empty: "is empty: fetch it again"
        case .zeros: "contains only zeros: the download is incomplete, repeat it"
        case .gitLFS: "is a pointer of Git LFS, not the file itself: fetch that with 'git lfs pull'"
        case .webPage:
            "is a web page (HTML or XML), not a checkpoint: open it in a browser to see why, and download the file itself"
        case .json: "is JSON text, not a checkpoint: use the file with the weights"
        case .text: "is a text file, not a checkpoint: use the file with the weights"
        case .compressed(let program): "is compressed with \(program): unpack it first"
        case .archive(let kind): "is a \(kind) archive: unpack it first"
        case .zipOf(let name): "is a zip archive with \(name) in it: unpack it first"
        case .zip(let name): "is a zip archive of something else (\(name), ...): use a file that torch.save wrote"
        case .exportedProgram:
            "is an exported program (torch.export or torch.package): save the model's state_dict with torch.save instead"
        case .model(let format):
            "is a model in the format \(format), from which weights cannot be imported: use the checkpoint that it was made from"
        case .gguf: "is a GGUF model file, not a checkpoint: if 'swiftlet-model import' made it, use it as it is"
        case .numpy: "is NumPy's file of arrays: save the weights with safetensors or torch.save"
        case .hdf5: "is an HDF5 file (Keras): save the weights with safetensors or torch.save"
        case .pickle: "is a pickle that torch.save has not written: save the weights with torch.save(model.state_dict(), FILE)"
        case .image(let kind): "is an image (\(kind)), not a checkpoint"
        }
    }
}
