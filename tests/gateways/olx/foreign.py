"""Courses as others wrote them: three structures of Open edX courses through the years, with words of our own.

`in_2012` is how the first courses on edX stood: slugs, names and filenames, chapters whose files hold a <sequential>,
problems right below a chapter, dates without a year. `by_hand` mixes nodes of their own files with nested ones, as
people do who write OLX in an editor. `from_studio` is an export with everything that Studio's menus offer.
Each maps files to contents; `COMPONENTS` says which components each has, by outside id.
"""

from __future__ import annotations

from tests.gateways.olx.exports import Files

_OLD = 'graceperiod="1 day 12 hours 59 minutes 59 seconds" showanswer="attempted" rerandomize="never"'


def in_2012() -> Files:
    """A course of 2012."""
    return {
        "course.xml": f'<course filename="Rivers_2012" slug="Rivers_2012" {_OLD} name="Rivers" course="R1" org="Old"/>',
        "course/Rivers_2012.xml": (
            "<sequential>"
            f'<chapter filename="Overview" slug="Overview" {_OLD} name="Overview"/>'
            f'<chapter filename="Week_1" slug="Week_1" {_OLD} name="Week 1"/>'
            f'<chapter slug="Exam" {_OLD} name="Exam"><sequential slug="Exam_1" format="Midterm" graded="true"'
            ' due="April 30, 12:00" name="The exam"><vertical slug="vertical_1">'
            '<html filename="Exam_text" slug="Exam_text" name="Rules"/></vertical>'
            '<vertical filename="vertical_2" slug="vertical_2"/></sequential></chapter>'
            "</sequential>"
        ),
        "chapter/Overview.xml": (
            "<sequential>"
            f'<video youtube="0.75:aaaaaaaaaaa,1.0:bbbbbbbbbbb,1.25:ccccccccccc" slug="Welcome" {_OLD} name="Welcome"/>'
            f'<sequential filename="Usage" slug="Usage" format="Lecture Sequence" {_OLD} name="How to use this"/>'
            f'<vertical slug="Lab0" format="Lab" {_OLD} name="Lab 0"><html slug="html_19">See the <a'
            ' href="/static/maps/source map.pdf">map</a>.</html><problem filename="Lab_0" slug="Lab_0" name="A lab"/>'
            "</vertical>"
            f'<problem filename="Sandbox" slug="Sandbox" format="Lab" {_OLD} name="The sandbox"/>'
            "</sequential>"
        ),
        "chapter/Week_1.xml": (
            '<sequential><vertical slug="Streams" format="Homework" due="March 18" graded="true" name="Streams">'
            '<problem filename="Gone" slug="Gone" name="A file that is gone"/>'
            '<customtag tag="book" slug="book_1"><impl>book</impl></customtag></vertical>'
            '<section name="Side streams"><html slug="side">Smaller.</html></section></sequential>'
        ),
        "sequential/Usage.xml": (
            '<sequential><vertical><html filename="how" slug="how" name="How"/>'
            '<abtest experiment="hidden"><group name="a" portion=".5"><html slug="ab_a">For some.</html></group>'
            '<default><html slug="ab_b">For others.</html></default></abtest></vertical></sequential>'
        ),
        "vertical/vertical_2.xml": (
            '<sequential><problem slug="Exam_p"><p>How long is it?</p>'
            '<numericalresponse answer="12"><textline/></numericalresponse></problem></sequential>'
        ),
        "html/Exam_text.html": "Caf\xe9 \x96 no books.".encode("latin-1"),
        "html/how.xml": "<p>Read, then row.</p>",
        "problem/Lab_0.xml": "\ufeff<problem><text>Draw a river.</text><schematicresponse><center>"
        '<schematic height="500" width="600" parts="g,r"/></center></schematicresponse></problem>',
        "problem/Sandbox.xml": (
            "<problem><p>Größe?</p><symbolicresponse expect='x'><textline/></symbolicresponse></problem>"
        ).encode("latin-1"),
        "static/maps/source map.pdf": b"%PDF-1.4",
        "policies/Rivers_2012.json": '{"course/Rivers_2012": {"start": "2012-02-01T12:00"}}',
    }


def by_hand() -> Files:
    """A course somebody wrote in an editor: no folder `course/`, and everything mixed."""
    return {
        "course.xml": (
            '<course url_name="2013_Fall" org="Hand" course="H1" display_name="By hand">'
            '<test_aside xblock-family="xblock_asides.v1" data_field="note">An aside</test_aside>'
            '<textbook title="A book" book_url="https://example.org/book/"/>'
            '<chapter url_name="Overview"><videosequence url_name="films" display_name="Films">'
            '<html url_name="secret:lab"/><video url_name="film" youtube_id_1_0="ddddddddddd" display_name="A film"/>'
            '</videosequence><video url_name="Welcome" youtube_id_1_0="eeeeeeeeeee"/></chapter>'
            '<chapter url_name="secret:magic"/>'
            '<chapter name="With conditions"><sequential start="2080-07-17T12:00"><html url_name="congrats"/>'
            '</sequential><sequential><problem url_name="choice"/><conditional url_name="condone"/></sequential>'
            "</chapter>"
            '<chapter url_name="polls"><sequential url_name="poll_lesson">Stray words'
            '<vertical><poll_question name="mind" display_name="Minds" reset="false"><p>Changed your mind?</p>'
            '<answer id="yes">Yes</answer><answer id="no">No</answer></poll_question></vertical>'
            '<wrapper><html>Only here.</html><conditional sources="i4x://Hand/H1/poll_question/mind" poll_answer="Yes">'
            '<html url_name="if_yes">In the first case.</html><show sources="i4x://Hand/H1/html/congrats"/></conditional>'
            "</wrapper></sequential></chapter>"
            '<chapter url_name="capa" hide_from_toc="true"><problemset url_name="set">'
            '<problem url_name="custom"><script type="loncapa/python">def f(e, a): return True</script>'
            '<customresponse cfn="f"><p>Name a prime.</p><textline/></customresponse></problem>'
            '<problem url_name="formula"><p>Energy?</p><formularesponse samples="m,c@1,1:2,2#3" answer="m*c^2">'
            "<formulaequationinput/></formularesponse></problem>"
            '<problem url_name="image"><p>Where?</p><imageresponse><imageinput src="/static/ma%20p \xfc.png" width="9"'
            ' height="9" rectangle="(1,1)-(2,2)"/></imageresponse></problem>'
            "</problemset></chapter></course>"
        ),
        "chapter/secret/magic.xml": '<chapter display_name="Magic"><vertical url_name="v_magic"/></chapter>',
        "vertical/v_magic.xml": (
            '<sequential><video display_name="Old" youtube_id_1_0="fffffffffff" name="sample"/>'
            '<video url_name="apart"/></sequential>'
        ),
        "video/apart.xml": '<videoalpha youtube_id_1_0="ggggggggggg"/>',
        "html/secret/lab.xml": '<html filename="secret/lab" display_name="Lab"/>',
        "html/secret/lab.html": "<p>A lab. <img src='/static/ma p \xfc.png' alt='A map'></p>",
        "html/congrats.xml": "<html>Well done.</html>",
        "problem/choice.xml": (
            '<problem markdown="Yes or no?&#10;(x) Yes&#10;( ) No"><tagging_aside xblock-family="xblock_asides.v1"/>'
            '<multiplechoiceresponse><label>Yes or no?</label><choicegroup type="MultipleChoice">'
            '<choice correct="true">Yes</choice><choice correct="false">No</choice></choicegroup>'
            "</multiplechoiceresponse></problem>"
        ),
        "conditional/condone.xml": (
            '<conditional attempted="True" sources="i4x://Hand/H1/problem/choice"><html url_name="secret_page"/>'
            "</conditional>"
        ),
        "html/secret_page.xml": '<html display_name="A secret">Psst.</html>',
        "static/ma p \xfc.png": b"PNG",
        "about/overview.html": "<p>By hand.</p>",
        "._course.xml": b"\x00\x05\x16\x07",
    }


def from_studio() -> Files:
    """An export of Studio with its advanced components."""
    components = (
        '<library_content url_name="bank" max_count="1" source_library_id="library-v1:O+L"><problem url_name="q1"/>'
        '<problem url_name="q2"/></library_content>'
        '<split_test url_name="ab" user_partition_id="0"'
        ' group_id_to_child=\'{"0": "block-v1:S+S1+r+type@vertical+block@arm_a"}\'>'
        '<vertical url_name="arm_a"/><vertical url_name="arm_b" display_name="B"><html url_name="in_b">B</html>'
        "</vertical></split_test>"
        '<word_cloud url_name="cloud" display_name="Words" num_inputs="3" instructions="Three words, please."/>'
        '<drag-and-drop-v2 url_name="dnd" question_text="Sort them." data=\'{"items": [{"displayName": "Pebble"}],'
        ' "zones": [{"title": "Shore"}]}\'/>'
        '<openassessment url_name="ora" display_name="Essay"><title>Essay</title><prompts><prompt>'
        "<description>Write about water.</description></prompt></prompts><rubric><criterion><name>Clear</name>"
        '<prompt>Is it clear?</prompt><option points="0"><name>No</name></option><option points="3"><name>Yes</name>'
        '</option></criterion></rubric><assessments><assessment name="peer-assessment"/></assessments></openassessment>'
        '<lti_consumer url_name="tool" display_name="A tool" lti_id="x" launch_url="https://tool.example.org/"/>'
        '<discussion url_name="talk" discussion_category="Week 1" discussion_target="Rivers"/>'
        '<poll url_name="p1" question="Sea or lake?" answers=\'[["S", {"label": "Sea"}], ["L", {"label": "Lake"}]]\'/>'
        '<video url_name="up" edx_video_id="123e4567-e89b"><video_asset duration="9.0"/></video>'
        '<video url_name="many" youtube_id_1_0="hhhhhhhhhhh" sub="abc" transcripts=\'{"de": "tief-de.srt",'
        ' "zh-Hans": "\u6df1.srt"}\'><transcript language="pl" src="gone.srt"/></video>'
        '<google-document url_name="doc" embed_code="&lt;p&gt;A paper&lt;/p&gt;"/>'
        '<html url_name="text"/><html url_name="blank"/><problem url_name="broken"/><problem/>'
    )
    option = (
        "<problem><optionresponse><p>Up?</p><optioninput options=\"('up','down')\" correct=\"up\"/></optionresponse>"
    )
    return {
        "course.xml": '<course url_name="r" org="S" course="S1"/>',
        "course/r.xml": '<course display_name="Studio"><chapter url_name="c"/><wiki slug="S.S1.r"/></course>',
        "chapter/c.xml": '<chapter display_name="C"><sequential url_name="s"/></chapter>',
        "sequential/s.xml": '<sequential display_name="S"><vertical url_name="v"/></sequential>',
        "vertical/v.xml": f'<vertical display_name="V">{components}</vertical>',
        "vertical/arm_a.xml": '<vertical display_name="A"><html url_name="in_a">A</html></vertical>',
        "problem/q1.xml": f"{option}</problem>",
        "problem/q2.xml": f"{option}</problem>",
        "problem/broken.xml": "<problem><p>cut sho",
        "html/text.xml": '<html filename="text" display_name="Text"/>',
        "html/text.html": "\ufeff<p>See <a href='/jump_to_id/ora'>the essay</a>.</p>",
        "html/blank.xml": '<html filename="blank"/>',
        "html/blank.html": "<p>&#160;</p>",
        "static/tief-de.srt": "1\n00:00:00,000 --> 00:00:01,000\nTief\n",
        "static/\u6df1.srt": "1\n00:00:00,000 --> 00:00:01,000\n\u6df1\n",
        "static/subs_abc.srt.sjson": '{"start": [0], "end": [9], "text": ["Deep"]}',
        "policies/r/policy.json": '{"course/r": {"tabs": [{"type": "courseware", "name": "Course"}]}}',
        "policies/assets.json": "{}",
        "tabs/extra.html": "<p>More</p>",
    }


COMPONENTS = {
    in_2012: (
        "html/Exam_text problem/Exam_p video/Welcome html/how html/ab_a html/ab_b html/html_19 problem/Lab_0"
        " problem/Sandbox problem/Gone customtag/book_1 html/side"
    ),
    by_hand: (
        "html/secret:lab video/film video/Welcome video/sample video/apart html/congrats problem/choice"
        " html/secret_page poll_question/mind html/poll_lesson-wrapper-1-html-html-1 html/if_yes"
        " show/poll_lesson-wrapper-1-conditional-1-if_yes-show-1 problem/custom problem/formula problem/image"
    ),
    from_studio: (
        "problem/q1 problem/q2 html/in_a html/in_b word_cloud/cloud drag-and-drop-v2/dnd openassessment/ora"
        " lti_consumer/tool discussion/talk poll/p1 video/up video/many google-document/doc html/text html/blank"
        " problem/broken problem/v-problem-1"
    ),
}
