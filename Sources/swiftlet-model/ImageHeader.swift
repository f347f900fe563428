import Foundation

/// What a JPEG says of itself before its image: enough to compare it with its annotations, without decoding it.
struct ImageHeader {
    /// Of the upright image.
    let size: ImageSize
    /// Whether EXIF data ask for a quarter turn.
    let isTurned: Bool

    /// nil where the file has no header of a JPEG; the decoder says later what is wrong with it.
    init?(path: String) {
        guard let file = try? InputFile.open(path) else { return nil }
        var bytes = Data()
        var decoder = JPEGDecoder()
        // Previews and profiles may come before the header: read on until it is reached.
        while bytes.count < ImageFile.largest {
            guard let more = try? file.read(upToCount: max(1 << 16, bytes.count)), !more.isEmpty else { return nil }
            bytes.append(more)
            do {
                let stored = try bytes.withUnsafeBytes { try decoder.readSize($0) }
                size = decoder.orientation.upright(stored)
                isTurned = decoder.orientation.swapsSides
                return
            } catch JPEGError.truncated {
                continue
            } catch {
                return nil
            }
        }
        return nil
    }
}
