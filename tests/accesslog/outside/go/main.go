// verify checks what an access log publishes, with Go's own library for such logs (golang.org/x/mod/sumdb):
// signed notes, tiles, inclusion and growth. It shares no line with the log that it reads.
//
//	verify -key VKEY -log FOLDER [-old CHECKPOINT]     the whole log, and its growth since a kept checkpoint
//	verify -key VKEY -proof FILE                       one entry, from a tlog-proof
//
// Exit code 0: everything fits; 1: something does not, or cannot be read.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8
	width  = 1 << height
	// How many entries are checked against one reading of the tiles above them.
	together = 64 * width
)

func main() {
	key := flag.String("key", "", "the log's verifier key")
	folder := flag.String("log", "", "folder with checkpoint and tile/")
	old := flag.String("old", "", "a checkpoint that was kept, to check growth since")
	proof := flag.String("proof", "", "a tlog-proof file")
	flag.Parse()
	err := run(*key, *folder, *old, *proof)
	if err != nil {
		fmt.Println("FAILED:", err)
		os.Exit(1)
	}
}

func run(key, folder, old, proof string) error {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return fmt.Errorf("the key: %w", err)
	}
	if proof != "" {
		return checkProof(verifier, proof)
	}
	tree, err := readCheckpoint(verifier, filepath.Join(folder, "checkpoint"))
	if err != nil {
		return err
	}
	reader := tlog.TileHashReader(tree, &tiles{folder})
	if old != "" {
		if err := checkGrowth(verifier, old, tree, reader); err != nil {
			return err
		}
	}
	return checkEntries(folder, tree, reader)
}

// readCheckpoint opens a signed note and reads the tree in it.
func readCheckpoint(verifier note.Verifier, path string) (tlog.Tree, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return tlog.Tree{}, err
	}
	return openCheckpoint(verifier, data)
}

func openCheckpoint(verifier note.Verifier, data []byte) (tlog.Tree, error) {
	opened, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("the checkpoint's signature: %w", err)
	}
	lines := strings.SplitN(opened.Text, "\n", 4)
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("the checkpoint is not of the log %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return tlog.Tree{}, fmt.Errorf("the checkpoint's size %q", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

func checkGrowth(verifier note.Verifier, path string, tree tlog.Tree, reader tlog.HashReader) error {
	old, err := readCheckpoint(verifier, path)
	if err != nil {
		return err
	}
	if old.N > tree.N {
		return fmt.Errorf("the log was cut: it had %d entries, and has %d", old.N, tree.N)
	}
	if old.N > 0 {
		proof, err := tlog.ProveTree(tree.N, old.N, reader)
		if err != nil {
			return fmt.Errorf("growth from %d: %w", old.N, err)
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash); err != nil {
			return fmt.Errorf("growth from %d to %d: %w", old.N, tree.N, err)
		}
	}
	fmt.Printf("grown from %d to %d entries\n", old.N, tree.N)
	return nil
}

// checkEntries hashes every entry and compares it with the tiles, which the reader checks up to the root.
func checkEntries(folder string, tree tlog.Tree, reader tlog.HashReader) error {
	for start := int64(0); start < tree.N; start += together {
		if err := checkPart(folder, start, min(start+together, tree.N), reader); err != nil {
			return err
		}
	}
	fmt.Printf("whole: %d entries, root %x\n", tree.N, tree.Hash[:])
	return nil
}

func checkPart(folder string, start, end int64, reader tlog.HashReader) error {
	indexes := make([]int64, end-start)
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(0, start+int64(i))
	}
	hashes, err := reader.ReadHashes(indexes)
	if err != nil {
		return fmt.Errorf("the tiles over the entries %d to %d: %w", start, end-1, err)
	}
	for first := start; first < end; first += width {
		count := min(end-first, width)
		bundle, err := readTile(folder, "entries", first/width, int(count))
		if err != nil {
			return err
		}
		entries := split(bundle)
		if int64(len(entries)) < count {
			return fmt.Errorf("the entries end before entry %d", first+int64(len(entries)))
		}
		for i := range count {
			hash, got := hashes[first-start+i], tlog.RecordHash(entries[i])
			if got != hash {
				return fmt.Errorf("entry %d: expected leaf %v, calculated %v", first+i, hash, got)
			}
		}
	}
	return nil
}

// checkProof checks a tlog-proof whose extra data hold the entry.
func checkProof(verifier note.Verifier, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	head, checkpoint, found := bytes.Cut(data, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("no tlog-proof with the entry in it")
	}
	tree, err := openCheckpoint(verifier, checkpoint)
	if err != nil {
		return err
	}
	entry, err := entryOf(lines[1])
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
		return fmt.Errorf("entry %d: %w", index, err)
	}
	fmt.Printf("entry %d is in the log of %d entries\n", index, tree.N)
	return nil
}

func entryOf(line string) ([]byte, error) {
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(line, "extra "))
	if err != nil {
		return nil, err
	}
	var extra struct {
		Entry []byte `json:"entry"`
	}
	err = json.Unmarshal(decoded, &extra)
	return extra.Entry, err
}

// tiles reads tile/<level>/<number> as c2sp.org/tlog-tiles lays them out.
type tiles struct{ folder string }

func (t *tiles) Height() int                     { return height }
func (t *tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t *tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		data, err := readTile(t.folder, strconv.Itoa(tile.L), tile.N, tile.W)
		if err != nil {
			return nil, err
		}
		if len(data) > tile.W*tlog.HashSize {
			data = data[:tile.W*tlog.HashSize]
		}
		found = append(found, data)
	}
	return found, nil
}

// readTile reads a partial tile, or the whole one where it has become full meanwhile.
func readTile(folder, level string, number int64, count int) ([]byte, error) {
	path := fmt.Sprintf("%03d", number%1000)
	for number >= 1000 {
		number /= 1000
		path = fmt.Sprintf("x%03d/%s", number%1000, path)
	}
	path = filepath.Join(folder, "tile", level, path)
	if count < width {
		data, err := os.ReadFile(fmt.Sprintf("%s.p/%d", path, count))
		if err == nil {
			return data, nil
		}
	}
	return os.ReadFile(path)
}

// split gives the whole entries of a bundle.
func split(bundle []byte) [][]byte {
	var entries [][]byte
	for len(bundle) >= 2 {
		length := int(bundle[0])<<8 | int(bundle[1])
		if len(bundle) < 2+length {
			break
		}
		entries = append(entries, bundle[2:2+length])
		bundle = bundle[2+length:]
	}
	return entries
}
