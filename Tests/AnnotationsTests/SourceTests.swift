import Foundation
import Testing

/// Outside data decide which keys there are: an initialiser that ends the process where two are the same has no place in the
/// programs.
@Test func noDictionaryTrapsOnKeysThatAreTheSame() throws {
    let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../Sources")
    let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
    var count = 0
    for case let file as URL in files where file.pathExtension == "swift" {
        count += 1
        #expect(try !String(contentsOf: file, encoding: .utf8).contains("uniqueKeysWithValues"), "\(file.path)")
    }
    #expect(count > 200)
}
