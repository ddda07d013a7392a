package nav

import (
	"archive/zip"
	"bytes"
	"hash/crc32"
	"io"
	"testing"

	"github.com/bygdevekst/bygdevekst/data"
)

// FuzzDecode changes the sheet's XML of a workbook: no body panics, what is
// refused is EINVALID, what is read is valid and nothing is read twice.
func FuzzDecode(f *testing.F) {
	whole := book(f, "Kommune antall", october())
	f.Add(part(f, whole, sheetPart), part(f, whole, textPart))
	f.Add([]byte(`<worksheet><sheetData><row r="2"><c r="B2" t="inlineStr"><is><t>Januar 2022</t></is></c></row><row><c t="str"><v>3421 Trysil</v></c><c><v>1e3</v></c></row></sheetData></worksheet>`), []byte(`<sst><si><t>x</t></si></sst>`))
	f.Fuzz(func(t *testing.T, sheet, texts []byte) {
		facts, err := Decode(repack(t, whole, map[string][]byte{sheetPart: sheet, textPart: texts}), countPlan())
		if err != nil {
			if data.ErrorCode(err) != data.EINVALID {
				t.Fatalf("%v", err)
			}
			return
		}
		if err := (data.Batch{Facts: facts}).Validate(); err != nil {
			t.Fatal(err)
		}
		seen := map[data.Fact]bool{}
		for _, x := range facts {
			key := data.Fact{Series: x.Series, Region: x.Region, Period: x.Period}
			if seen[key] {
				t.Fatalf("%+v twice", x)
			}
			seen[key] = true
		}
	})
}

const (
	sheetPart = "xl/worksheets/sheet1.xml"
	textPart  = "xl/sharedStrings.xml"
)

func part(t testing.TB, body []byte, name string) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	must(t, err)
	r, err := z.Open(name)
	must(t, err)
	defer r.Close()
	out, err := io.ReadAll(r)
	must(t, err)
	return out
}

// repack makes a workbook with other parts in place of its own, not compressed.
func repack(t testing.TB, body []byte, parts map[string][]byte) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	must(t, err)
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range z.File {
		content, ok := parts[f.Name]
		if !ok {
			content = part(t, body, f.Name)
		}
		h := &zip.FileHeader{Name: f.Name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(content)}
		p, err := w.CreateHeader(h)
		must(t, err)
		_, err = p.Write(content)
		must(t, err)
	}
	must(t, w.Close())
	return out.Bytes()
}

// A bomb: spaces in a sheet, just more than may be unpacked, pack to 65 kB.
func TestZipBombIsRefused(t *testing.T) {
	var bomb bytes.Buffer
	whole := book(t, "x", october())
	z, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
	must(t, err)
	w := zip.NewWriter(&bomb)
	for _, f := range z.File {
		p, err := w.Create(f.Name)
		must(t, err)
		if f.Name == sheetPart {
			block := bytes.Repeat([]byte(" "), 1<<20)
			for range maxUnpacked>>20 + 1 {
				_, err = p.Write(block)
				must(t, err)
			}
		}
		r, err := f.Open()
		must(t, err)
		_, err = io.Copy(p, r)
		must(t, err)
		must(t, r.Close())
	}
	must(t, w.Close())
	if bomb.Len() > 1<<20 {
		t.Fatalf("the bomb has %d bytes; it tests nothing", bomb.Len())
	}
	if _, err := Decode(bomb.Bytes(), countPlan()); data.ErrorCode(err) != data.EINVALID {
		t.Errorf("got %v", err)
	}
}
