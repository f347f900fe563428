import Files
import Pixels
import Vision

/// JPEG decoding against Pillow's pixels (which are libjpeg-turbo's) at full and at half size.
public enum JPEGChecks {
    public static func pixels(fixtures: String, _ check: inout Check) {
        guard let file = try? FileContents(path: "\(fixtures)/jpeg/drawn-61x47.jpg", limit: 1 << 20),
            let expected = GoldenFile(path: "\(fixtures)/jpeg/drawn-61x47.safetensors")
        else {
            check.expect(false, "the fixtures cannot be read")
            return
        }
        let bytes = file.bytes
        var decoder = JPEGDecoder()
        var image = Image()
        let full = ImageSize(width: 61, height: 47)
        for (name, atLeast) in [("full_u8_rgb_hwc", full), ("half_u8_rgb_hwc", ImageSize(width: 31, height: 24))] {
            guard let size = try? decoder.decode(bytes, into: &image, atLeast: atLeast) else {
                check.expect(false, "\(name) is not decoded")
                continue
            }
            check.expect(size == full, "the full size is \(size.width)x\(size.height)")
            let pixels = expected.bytes(name)
            check.expect(image.pixels.count == pixels.count, "\(name) has \(image.pixels.count) bytes")
            var different = 0
            for index in 0..<min(pixels.count, image.pixels.count) where image.pixels[index] != pixels[index] {
                different += 1
            }
            check.expect(different == 0, "\(name): \(different) bytes differ")
        }
        for count in [0, 2, 100, bytes.count / 2, bytes.count - 10] {
            let cut = UnsafeRawBufferPointer(rebasing: bytes[..<count])
            check.expect((try? decoder.decode(cut, into: &image)) == nil, "a JPEG cut at \(count) bytes is decoded")
        }
        withExtendedLifetime(file) {}
    }
}
