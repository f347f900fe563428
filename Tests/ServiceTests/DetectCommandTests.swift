import CTestSupport
import DeviceChecks
import Foundation
import Pixels
import TestSupport
import Testing
import Vision

/// `swiftlet detect` as a process.
@Suite struct DetectCommandTests {
    private let files: RunningDaemon

    init() throws {
        files = try RunningDaemon()
        try files.write("pictures/b.jpg", try drawnJPEG(seed: 1))
        try files.write("pictures/a.JPEG", try drawnJPEG(seed: 2, width: 90, height: 200))
        try files.write("pictures/notes.txt", Array("no image".utf8))
    }

    private func detect(_ arguments: String...) throws -> ToolOutcome { try detect(arguments) }

    private func detect(_ arguments: [String]) throws -> ToolOutcome {
        try ToolOutcome(of: ["detect", "--model", RunningDaemon.model()] + arguments, files)
    }

    @Test func aDirectoryGivesALineOfJSONForEachImageInOrder() throws {
        let outcome = try detect("--json", "--threshold", "0.2", files.directory + "/pictures")
        #expect(outcome.code == 0 && outcome.errors.isEmpty)
        let objects = try outcome.objects()
        #expect(
            objects.map { $0["file"] as? String } == ["a.JPEG", "b.jpg"].map { files.directory + "/pictures/" + $0 })
        #expect(objects.map { $0["width_px"] as? Int } == [90, 160])
        for object in objects {
            #expect(try #require(object["inference_ms"] as? Double) > 0)
            let detections = try #require(object["detections"] as? [[String: Any]])
            #expect(!detections.isEmpty)
            for detection in detections {
                let box = try #require(detection["box_px"] as? [Double])
                let width = try #require(object["width_px"] as? Double)
                let height = try #require(object["height_px"] as? Double)
                #expect(box.count == 4 && 0 <= box[0] && box[0] <= box[2] && box[2] <= width)
                #expect(0 <= box[1] && box[1] <= box[3] && box[3] <= height)
                #expect(try #require(detection["score"] as? Double) >= 0.2)
                #expect((1...80).contains(try #require(detection["class"] as? Int)))
            }
        }
    }

    /// Every image gives what it gives alone, whatever brought tables of its own before it.
    @Test(arguments: ["upstream", "fast"]) func resultsDoNotDependOnTheImagesBefore(resize: String) throws {
        var images: [String] = []
        for (name, change) in [
            ("1-own", { $0.is_optimised = 1 }), ("2-none", { ($0.left_out_dc, $0.left_out_ac) = (3, 3) }),
            ("3-odd", { $0.has_odd_tables = 1 }), ("4-first", { ($0.left_out_dc, $0.left_out_ac) = (2, 2) }),
            ("5-progressive", { $0.is_progressive = 1 }), ("6-no-quantisation", { $0.left_out_quantisation = 3 }),
        ] as [(String, (inout ctest_jpeg) -> Void)] {
            try files.write("any/\(name).jpg", JPEGImages.make(width: 160, height: 120, seed: UInt32(images.count), change))
            images.append(files.directory + "/any/\(name).jpg")
        }
        func found(_ sources: [String]) throws -> [String: String] {
            let outcome = try detect(["--json", "--threshold", "0.1", "--resize", resize] + sources)
            #expect(
                outcome.errors.count { $0.contains("6-no-quantisation.jpg: is damaged") }
                    == (sources.contains(images[5]) ? 1 : 0))
            var found: [String: String] = [:]
            for object in try outcome.objects() {
                let detections = try JSONSerialization.data(
                    withJSONObject: try #require(object["detections"]), options: .sortedKeys)
                found[try #require(object["file"] as? String)] = String(decoding: detections, as: UTF8.self)
            }
            return found
        }
        var alone: [String: String] = [:]
        for image in images { alone.merge(try found([image])) { first, _ in first } }
        #expect(alone.count == 5)
        for order in [images, images.reversed(), Array(images[3...] + images[..<3])] {
            #expect(try found(order) == alone)
        }
    }

    @Test func anotherKindOfImageIsNamed() throws {
        try files.write("other/a.jpg", [0x89] + Array("PNG\r\n\u{1A}\n".utf8))
        try files.write("other/b.jfif", Array("RIFF1234WEBPVP8 ".utf8))
        try files.write("other/c.JPE", [0, 1, 2, 3])
        let outcome = try detect(files.directory + "/other")
        #expect(outcome.code == 65 && outcome.errors.count == 3)
        for (line, words) in zip(
            outcome.errors,
            [
                "a.jpg: is a PNG, not a JPEG: convert it (magick \(files.directory)/other/a.jpg",
                "b.jfif: is a WebP, not a JPEG: convert it", "c.JPE: is not a JPEG",
            ])
        {
            #expect(line.contains(words), "\(line)")
        }
        try files.write("screenshots/x.PNG", [1])
        let none = try detect(files.directory + "/screenshots")
        #expect(none.code == 66 && none.errors.count == 1 && none.errors[0].contains("contains a PNG, but no JPEG"))
        try files.write("screenshots/y.jpg", try drawnJPEG(seed: 1))
        let some = try detect(files.directory + "/screenshots")
        #expect(some.code == 0 && some.errors.count == 1 && some.errors[0].contains("also contains a PNG, skipped"))
    }

    @Test func thresholdsAndLimitChooseDetections() throws {
        let image = files.directory + "/pictures/b.jpg"
        func found(_ arguments: String...) throws -> [(label: String, score: Double)] {
            let outcome = try detect(["--json"] + arguments + [image])
            let detections = try #require(try outcome.objects().first?["detections"] as? [[String: Any]])
            return try detections.map {
                (try #require($0["label"] as? String), try #require($0["score"] as? Double))
            }
        }
        let all = try found("--threshold", "0.1")
        let common = try #require(all.first?.label)
        #expect(all.count > 10)
        #expect(try found("--threshold", "0.1", "--class-threshold", "\(common)=1").allSatisfy { $0.label != common })
        let only = try found("--threshold", "1", "--class-threshold", "\(common)=0.1")
        #expect(only.map(\.score) == all.filter { $0.label == common }.map(\.score))
        let best = try found("--threshold", "0.1", "--limit", "3")
        #expect(best.map(\.score).sorted(by: >) == Array(all.map(\.score).sorted(by: >).prefix(3)))
    }

    @Test func theTableHasARowForEachDetection() throws {
        let image = files.directory + "/pictures/b.jpg"
        let table = try detect("--threshold", "0.2", image).output.split(separator: "\n")
        let objects = try detect("--threshold", "0.2", "--json", image).objects()
        let detections = try #require(objects[0]["detections"] as? [[String: Any]])
        #expect(table.count == detections.count + 1)
        #expect(Set(table.map(\.count)).count == 1, "the columns are not aligned")
        for (row, detection) in zip(table.dropFirst(), detections) {
            let label = try #require(detection["label"] as? String)
            #expect(row.hasPrefix(image) && row.contains(label))
        }
        #expect(try detect("--threshold", "1", image).output.hasSuffix("b.jpg  -\n"))
        // Also where a longer name follows a shorter one.
        let bytes = try Data(contentsOf: URL(filePath: image))
        try FileManager.default.createDirectory(atPath: files.directory + "/names", withIntermediateDirectories: true)
        try files.write("names/a.jpg", Array(bytes))
        try files.write("names/quite-a-long-name.jpg", Array(bytes))
        let rows = try detect("--threshold", "0.2", image, files.directory + "/names").output.split(separator: "\n")
        #expect(rows.count == 3 * detections.count + 1)
        #expect(Set(rows.map(\.count)).count == 1, "the columns are not aligned")
    }

    @Test func badImagesAreNamedAndLeftOut() throws {
        try files.write("pictures/cut.jpg", Array(try drawnJPEG(seed: 3).dropLast(500)))
        let directory = files.directory + "/pictures"
        let cut = try detect("--json", directory)
        #expect(cut.code == 65)
        #expect(try cut.objects().count == 2)
        #expect(cut.errors.count == 1 && cut.errors[0].contains("\(directory)/cut.jpg: is cut off"))
        let missing = try detect("--json", directory + "/nowhere.jpg", directory + "/b.jpg")
        #expect(missing.code == 66)
        #expect(try missing.objects().count == 1)
        #expect(missing.errors.count == 1 && missing.errors[0].contains("nowhere.jpg: No such file"))
        #expect(try detect(directory + "/notes.txt").code == 65)
    }

    @Test func annotatesOneImageOrManyAndNeverTheOriginal() throws {
        let directory = files.directory + "/pictures"
        let original = try Data(contentsOf: URL(fileURLWithPath: directory + "/b.jpg"))
        #expect(try detect("--annotate", files.directory + "/seen.jpg", "--threshold", "0.2", directory + "/b.jpg").code == 0)
        var decoder = JPEGDecoder()
        var image = Image()
        let seen = try Data(contentsOf: URL(fileURLWithPath: files.directory + "/seen.jpg"))
        let size = try seen.withUnsafeBytes { try decoder.decode($0, into: &image) }
        #expect(size == ImageSize(width: 160, height: 120) && seen != original)

        #expect(try detect("--annotate", files.directory + "/all", directory, directory + "/b.jpg").code == 0)
        let names = try FileManager.default.contentsOfDirectory(atPath: files.directory + "/all").sorted()
        #expect(names == ["a.jpg", "b-2.jpg", "b.jpg"])

        let rejected = try detect("--annotate", directory, directory)
        #expect(rejected.code == 64 && rejected.errors[0].contains("is read from"))
        let other = try detect("--annotate", files.directory + "/seen.PNG", directory + "/b.jpg")
        #expect(other.code == 64 && other.errors[0].contains("seen.PNG: only JPEGs are written: name a .jpg"))
        #expect(!FileManager.default.fileExists(atPath: files.directory + "/seen.PNG"))
        let several = try detect("--annotate", files.directory + "/several.jpg", directory)
        #expect(several.code == 64 && several.errors[0].contains("several.jpg: only JPEGs are written: name a .jpg for one"))
        #expect(!FileManager.default.fileExists(atPath: files.directory + "/several.jpg"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: directory + "/b.jpg")) == original)
    }

    /// Whatever name an image goes by, and whether it has been read already or not.
    @Test func noSourceIsOverwrittenAndARunCanBeRepeated() throws {
        let manager = FileManager.default, directory = files.directory
        try manager.createDirectory(atPath: directory + "/other", withIntermediateDirectories: true)
        try files.write("other/b.jpg", try drawnJPEG(seed: 7))
        try manager.createSymbolicLink(atPath: directory + "/link.jpg", withDestinationPath: directory + "/pictures/b.jpg")
        try manager.createSymbolicLink(atPath: directory + "/way", withDestinationPath: directory + "/pictures")
        let names = ["pictures/b.jpg", "pictures/a.JPEG", "other/b.jpg"]
        func contents() throws -> [Data] { try names.map { try Data(contentsOf: URL(fileURLWithPath: directory + "/" + $0)) } }
        let originals = try contents()
        for arguments in [
            ["--annotate", "/pictures", "/other/b.jpg", "/pictures/b.jpg"], ["--annotate", "/link.jpg", "/pictures/b.jpg"],
            ["--annotate", "/pictures/b.jpg", "/link.jpg"], ["--annotate", "/way", "/pictures", "/other/b.jpg"],
            ["--annotate", "/way/b.jpg", "/pictures/b.jpg"],
        ] {
            let outcome = try detect(arguments.map { $0.hasPrefix("/") ? directory + $0 : $0 })
            #expect(outcome.code == 64 && outcome.errors.contains { $0.contains("is read from") }, "\(arguments)")
            #expect(try contents() == originals, "\(arguments)")
        }
        for _ in 0..<2 {
            let outcome = try detect("--annotate", directory + "/seen", directory + "/pictures", directory + "/other")
            #expect(outcome.code == 0 && outcome.errors.isEmpty)
            let names = try manager.contentsOfDirectory(atPath: directory + "/seen").sorted()
            // pictures/b-2.jpg is what the first command above drew.
            #expect(names == ["a.jpg", "b-2.jpg", "b-3.jpg", "b.jpg"])
        }
        #expect(try contents() == originals)
    }

    @Test func framesAreNamedByTheirPlace() throws {
        let one = try drawnJPEG(seed: 5)
        try files.write("clip.mjpeg", one + one)
        try files.write("clip-1.jpg", one)
        let clip = files.directory + "/clip.mjpeg", all = files.directory + "/all"
        #expect(try detect("--annotate", all, clip, clip, files.directory + "/clip-1.jpg").code == 0)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: all).sorted()
                == ["clip-0.jpg", "clip-1-2.jpg", "clip-1.jpg", "clip-2-0.jpg", "clip-2-1.jpg"])
        let input = try ToolOutcome(
            of: ["detect", "--model", RunningDaemon.model(), "--annotate", all + "/in", "-"], files, input: clip)
        #expect(input.code == 0)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: all + "/in").sorted() == ["stdin-0.jpg", "stdin-1.jpg"])
    }

    @Test func mistakesAreExplained() throws {
        let image = files.directory + "/pictures/b.jpg"
        let label = try detect("--class-threshold", "unicorn=0.5", image)
        #expect(label.code == 64 && label.errors.first?.contains("'unicorn'") == true)
        let near = try detect("--class-threshold", "zebar=0.5", image)
        #expect(near.code == 64 && near.errors.first?.contains("did you mean 'zebra'?") == true, "\(near.errors)")
        #expect(try detect("--class-threshold", "0.5", image).code == 64)
        #expect(try detect("--threshold", "2", image).code == 64)
        #expect(try detect().code == 64)
    }
}
